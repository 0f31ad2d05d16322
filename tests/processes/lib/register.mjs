/**
 * Judges what several clients saw of one thing, such as a tag: whether there is an order of their operations, each at some moment between
 * its request and its response, in which each could have been answered as it was (it is *linearizable*: M. Herlihy, J. Wing, 1990). So no
 * acknowledged change is lost, and nobody is shown what was there before a change that he could know of.
 *
 * The orders are tried as the responses came in: all states are kept in which the thing can be at a moment, each with those of the pending operations
 * that have happened in it (the "just-in-time linearization" of G. Lowe, 2017).
 */

/**
 * @typedef {string | null} Value `null` for nothing.
 *
 * @typedef {object} Operation
 * @property {string} what For whoever reads of it.
 * @property {number} start When it was asked for, by one clock for all.
 * @property {number} end When it was answered.
 * @property {boolean} certain Whether it has happened; what was never answered, or with a failure, may have, before its end.
 * @property {boolean} [repeats] Whether it may happen more than once: as what is put again when it was deleted while it was being put.
 * @property {(value: Value) => Value | undefined} apply What it makes of a value; undefined where it could not have been answered as it
 *   was.
 */

/** What operations do, and could only be answered by. */
export const effects = {
  /** @param {Value} value */
  write: (value) => () => value,
  /** Replaces this value alone. @param {Value} from @param {Value} to */
  swap: (from, to) => (value) => (value === from ? to : undefined),
  /** Takes away whatever is there. */
  clear: () => (value) => (value === null ? undefined : null),
  /** Takes away what may be there. */
  lose: () => () => null,
  /** Takes away this alone. @param {Value} gone */
  drop: (gone) => (value) => (value === gone ? null : value),
  /** Sees this. @param {Value} seen */
  read: (seen) => (value) => (value === seen ? value : undefined),
  /** Sees something, or something else than this. @param {Value} unseen */
  other: (unseen) => (value) => (value === unseen ? undefined : value),
};

/**
 * @param {readonly Operation[]} operations
 * @param {readonly Value[]} initial What it may have been before them.
 * @returns {{values: Value[], broken?: undefined} | {broken: Operation, values: Value[]}} What it may be in the end; or the operation that
 *   could not have been answered so, and what could have been there.
 */
export function judged(operations, initial) {
  /** @type {Map<string, State>} */
  let states = collected(initial.map((value) => ({ value, done: new Set() })));
  const pending = new Set();
  for (const { operation, isEnd } of eventsOf(operations)) {
    if (!isEnd) {
      pending.add(operation);
      continue;
    }
    const { certain } = operation;
    const reached = closure(states, pending, certain ? operation : undefined);
    const kept = [...reached.values()].filter(({ done }) => !certain || done.has(operation));
    if (kept.length === 0) return { broken: operation, values: valuesOf(reached) };
    // It has happened in all that are left, or never will.
    states = collected(kept.map(({ value, done }) => ({ value, done: without(done, operation) })));
    pending.delete(operation);
  }
  return { values: valuesOf(states) };
}

/** @typedef {{value: Value, done: Set<Operation>}} State `done` are those of the pending operations that have happened. */

/** All states that the pending operations lead to, by any of them in any order; those where `until` has happened lead no further. */
function closure(states, pending, until) {
  const reached = new Map(states);
  const left = [...states.values()];
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    if (until !== undefined && !until.repeats && state.done.has(until)) continue;
    for (const operation of pending) {
      if (state.done.has(operation) && !operation.repeats) continue;
      const value = operation.apply(state.value);
      if (value === undefined) continue;
      const next = { value, done: new Set(state.done).add(operation) };
      const key = keyOf(next);
      if (reached.has(key)) continue;
      reached.set(key, next);
      left.push(next);
    }
  }
  return reached;
}

/** Beginnings before ends, where both are at one moment: they may have been at once. */
function eventsOf(operations) {
  const events = operations.flatMap((operation) => [
    { operation, isEnd: false, time: operation.start },
    { operation, isEnd: true, time: operation.end },
  ]);
  return events.sort((one, other) => one.time - other.time || Number(one.isEnd) - Number(other.isEnd));
}

const numbers = new WeakMap();
let numbered = 0;

function keyOf({ value, done }) {
  const ids = Array.from(done, (operation) => {
    if (!numbers.has(operation)) numbers.set(operation, ++numbered);
    return numbers.get(operation);
  });
  return `${value} ${ids.sort((one, other) => one - other)}`;
}

function collected(states) {
  return new Map(states.map((state) => [keyOf(state), state]));
}

function without(set, entry) {
  const rest = new Set(set);
  rest.delete(entry);
  return rest;
}

function valuesOf(states) {
  return [...new Set(Array.from(states.values(), ({ value }) => value))];
}

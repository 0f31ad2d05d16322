/** What clients did and saw, thing by thing: tags, manifests, referrers, blobs. */
import { judged } from "./register.mjs";

export class History {
  /** What each thing may have been when the operations began; nothing where nobody knows of it. @type {Map<string, import("./register.mjs").Value[]>} */
  #values = new Map();
  /** @type {Map<string, import("./register.mjs").Operation[]>} */
  #operations = new Map();
  /** When somebody was last told that a thing is there, which is then kept for a while. @type {Map<string, number>} */
  #told = new Map();
  /** How many operations there were in all. */
  count = 0;
  /** The processes' time, in milliseconds from wherever. */
  clock = 0;

  /**
   * @param {string} thing
   * @param {import("./register.mjs").Operation} operation
   */
  add(thing, operation) {
    this.count += 1;
    const known = this.#operations.get(thing);
    if (known === undefined) this.#operations.set(thing, [operation]);
    else known.push(operation);
  }

  /** That somebody is told now that a thing is there. */
  tell(thing) {
    this.#told.set(thing, this.clock);
  }

  /** How long ago that was, in milliseconds. */
  sinceTold(thing) {
    return this.clock - (this.#told.get(thing) ?? Number.NEGATIVE_INFINITY);
  }

  /** Whether an operation on a thing was never answered since the last judgement. */
  isUncertain(thing) {
    return this.#operations.get(thing)?.some(({ certain }) => !certain) ?? false;
  }

  /**
   * Judges all that has come since the last judgement, when nothing is going on.
   *
   * @returns {string[]} What cannot be.
   */
  judge() {
    const problems = [];
    for (const [thing, operations] of this.#operations) {
      const { broken, values } = judged(operations, this.#values.get(thing) ?? [null]);
      this.#values.set(thing, values);
      if (broken !== undefined) problems.push(told(thing, operations, broken, values));
    }
    this.#operations.clear();
    return problems;
  }
}

/** How many operations before the one that cannot be are told of. */
const TOLD = 12;

function told(thing, operations, broken, values) {
  const line = ({ what, start, end, certain }) =>
    `    ${start.toFixed(1)} to ${end.toFixed(1)}: ${what}${certain ? "" : " (or not)"}`;
  const before = operations.filter(({ start }) => start <= broken.end).sort((one, other) => one.start - other.start);
  const could = values.map((value) => value ?? "nothing").join(" or ");
  return [
    `${thing} cannot be so; it could have been ${could}:`,
    ...before.slice(-TOLD).map(line),
    `  broken: ${line(broken).trim()}`,
  ].join("\n");
}

/** Assertions for code that runs in every runtime, where no test library does. */

/** Fails unless the condition holds. */
export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Fails unless both are the same; for lists and plain objects, as JSON writes them. */
export function equal(actual: unknown, expected: unknown, what = "value"): void {
  const same =
    Object.is(actual, expected) || (isPlain(actual) && isPlain(expected) && shown(actual) === shown(expected));
  if (!same) throw new Error(`${what} is ${cut(shown(actual))}, not ${cut(shown(expected))}`);
}

/** Fails unless both hold the same bytes. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = "content"): void {
  equal(actual.length, expected.length, `length of ${what}`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at !== -1) throw new Error(`byte ${at} of ${what} is ${actual[at]}, not ${expected[at]}`);
}

/** Fails unless the call throws; returns what it threw. */
export function throws(call: () => unknown, what = "the call"): unknown {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what} threw nothing, but gave ${cut(shown(value))}`);
}

/** Fails unless the promise rejects; returns the reason. */
export async function rejects(promise: Promise<unknown>, what = "the promise"): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what} did not reject, but gave ${cut(shown(value))}`);
}

/** Fails unless the error carries the code; an error without one shows whole. */
export function hasCode(error: unknown, code: string): void {
  const actual = isObject(error) && "code" in error ? error.code : undefined;
  if (actual !== code) throw new Error(`expected the code ${code}, got ${actual ?? "none"}`, { cause: error });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value) || (isObject(value) && Object.getPrototypeOf(value) === Object.prototype);
}

function shown(value: unknown): string {
  return typeof value === "string" || isPlain(value) ? JSON.stringify(value) : String(value);
}

/** As much of it as anyone reads. */
function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const MAX_SHOWN = 1000;

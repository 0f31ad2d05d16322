import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How many bytes may be moved before what they were in is given back. Fewer, and pieces that are only under way count as old, which are
 * given back much later; more is more memory.
 */
const INTERVAL = 4 * 1024 * 1024;

type Collect = (options: { type: "minor" }) => void;

let collect: Collect | undefined;
let moved = 0;

/**
 * Takes note of bytes that were moved. Each piece from a network or a file is a small object that keeps up to 256 KiB outside of the heap,
 * by which V8 does not go: until the young generation is as full as it would have it, hundreds of megabytes are moved. To look
 * through so little takes a fifth of a millisecond, and altogether less time than ever new memory.
 */
export function countMoved(bytes: number): void {
  moved += bytes;
  if (moved < INTERVAL) return;
  moved = 0;
  collect ??= collector();
  collect({ type: "minor" });
}

/** V8 gives it to those who ask for it by a flag, in contexts that are made from then on. */
function collector(): Collect {
  try {
    setFlagsFromString("--expose-gc");
    return runInNewContext("gc") as Collect;
  } catch {
    // On another engine, it goes without.
    return () => {};
  }
}

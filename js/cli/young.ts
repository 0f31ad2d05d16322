import { setFlagsFromString } from "node:v8";

/** How full the young generation may be before it is collected, in percent; V8's own figure is 80. */
const TRIGGER = 5;
/** The newest major version of Node that is known to have the flag: one that has not would say so on stderr. */
const NEWEST = 24;

let early = false;

/**
 * Has what was read given back soon. Each piece from a network or a file is a small object that keeps up to 256 KiB outside of the heap,
 * by which V8 does not go: until the young generation is as full as it would have it, hundreds of megabytes are read. To look
 * through so little takes a fifth of a millisecond, and altogether less time than ever new memory.
 */
export function collectEarly(): void {
  if (early) return;
  early = true;
  const { node, bun, deno } = process.versions;
  if (bun === undefined && deno === undefined && Number.parseInt(node, 10) <= NEWEST) {
    setFlagsFromString(`--minor-gc-task-trigger=${TRIGGER}`);
  }
}

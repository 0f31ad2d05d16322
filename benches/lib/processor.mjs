/** The time of the processor that a program took, as Linux counts it for the process with all of its threads. */
import { readFileSync } from "node:fs";

/** Milliseconds of what Linux counts in: `USER_HZ` is 100 for all programs. */
const TICK = 10;

/**
 * @param {number} pid
 * @returns {number} Milliseconds, its own and the system's for it, since it began.
 */
export function processorTime(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

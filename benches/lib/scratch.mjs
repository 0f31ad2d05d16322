/** Where benches write: memory, if the machine has a file system for it, so that no disk and no `fsync` is measured. */
import { mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";

/**
 * @param {number} bytes How much will be written.
 * @returns {{folder: string, where: string}} A new folder, and what to call the place.
 */
export function scratchFor(bytes) {
  const inMemory = freeIn(MEMORY) > 2 * bytes;
  const folder = mkdtempSync(join(inMemory ? MEMORY : tmpdir(), "pierhead-bench-"));
  return { folder, where: inMemory ? "memory" : "disk" };
}

function freeIn(path) {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** What `wasm-hash.mjs` runs in each runtime. */
import { createSHA256 } from "hash-wasm";
import { Hasher } from "pierhead";
import { interleave } from "./lib/measure.mjs";

export const SIZE = 64 * 2 ** 20;

/** @returns {Promise<{ours: number, theirs: number}>} Medians in milliseconds. */
export async function measure() {
  const chunk = new Uint8Array(2 ** 20).map((_, index) => index);
  const other = await createSHA256();
  const digests = new Set();
  const medians = await interleave({
    ours: () => {
      const hasher = new Hasher("sha256");
      for (let done = 0; done < SIZE; done += chunk.length) hasher.update(chunk);
      digests.add(hasher.digest());
      hasher[Symbol.dispose]();
    },
    theirs: () => {
      other.init();
      for (let done = 0; done < SIZE; done += chunk.length) other.update(chunk);
      digests.add(`sha256:${other.digest("hex")}`);
    },
  });
  if (digests.size !== 1) throw new Error(`the digests differ: ${[...digests].join(", ")}`);
  return medians;
}

// The driver of the tests in Chromium calls this.
globalThis.runSuite = measure;

/** The engine that Node is given against node:crypto itself. */
import { createHash } from "node:crypto";
import { hashEngine } from "../dist/engine/engine.js";
import { interleave, rate } from "./lib/measure.mjs";

const SIZE = 256 * 2 ** 20;

export async function run() {
  const chunk = new Uint8Array(2 ** 20).fill(7);
  const { ours, theirs } = await interleave({
    ours: async () => {
      const engine = hashEngine("sha256");
      for (let done = 0; done < SIZE; done += chunk.length) await engine.update(chunk);
      await engine.digest();
      engine.dispose();
    },
    theirs: () => {
      const hash = createHash("sha256");
      for (let done = 0; done < SIZE; done += chunk.length) hash.update(chunk);
      hash.digest("hex");
    },
  });
  const ratio = theirs / ours;
  return [
    {
      what: "SHA-256 by the host, 1 MiB chunks, to node:crypto, Node",
      figure: `${ratio.toFixed(2)}× (${rate(SIZE, ours)})`,
      target: "≥ 0.9×",
      met: ratio >= 0.9,
    },
  ];
}

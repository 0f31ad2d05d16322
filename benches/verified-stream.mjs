/**
 * A verified stream of 256 MiB against what copying it and hashing it cost together: 1 / (1/copy + 1/hash). In workerd once
 * with a stream made in memory, as in Node, and once with a body fetched from a server on loopback.
 */
import { createHash } from "node:crypto";
import { Miniflare } from "miniflare";
import { digestStream, verifyStream } from "pierhead";
import { bundle, workerModules } from "./lib/bundle.mjs";
import { interleave, rate } from "./lib/measure.mjs";
import { startOrigin } from "./lib/origin.mjs";
import { CHUNK, copied, drained, made } from "./lib/streams.mjs";

const SIZE = 256 * 2 ** 20;

export async function run() {
  const { digest } = await digestStream(made(SIZE));
  return [row("Node", await inNode(digest)), ...(await inWorkerd(digest))];
}

function inNode(digest) {
  return interleave({
    copy: () => drained(copied(made(SIZE))),
    hash: () => {
      const hash = createHash("sha256");
      const chunk = new Uint8Array(CHUNK).fill(7);
      for (let done = 0; done < SIZE; done += CHUNK) hash.update(chunk);
      hash.digest("hex");
    },
    verify: () => drained(verifyStream(made(SIZE), { digest, size: SIZE }, { idleTimeout: 30_000 })),
  });
}

async function inWorkerd(digest) {
  const origin = await startOrigin(SIZE);
  const worker = new Miniflare({
    modules: workerModules(await bundle("verified-stream.worker.mjs", ["workerd", "worker", "import"])),
    compatibilityDate: "2025-01-01",
    bindings: { DIGEST: digest, SIZE, ORIGIN: origin.url },
  });
  try {
    const url = await worker.ready;
    const step = (path) => async () => {
      const response = await fetch(new URL(path, url));
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${text}`);
    };
    const steps = (source) => ({
      copy: step(`${source}/copy`),
      hash: step(`${source}/hash`),
      verify: step(`${source}/verify`),
    });
    return [
      row("workerd", await interleave(steps("made"))),
      row("workerd, fetched body", await interleave(steps("fetched"), 5)),
    ];
  } finally {
    await worker.dispose();
    origin.close();
  }
}

function row(where, { copy, hash, verify }) {
  const ratio = (copy + hash) / verify;
  return {
    what: `verified stream, 256 MiB, to copy and hash together, ${where}`,
    figure: `${ratio.toFixed(2)}× (${rate(SIZE, verify)})`,
    target: "≥ 0.9×",
    met: ratio >= 0.9,
  };
}

/**
 * How much the resident memory of Node grows while it verifies 2 GiB: from chunks made in memory, and from a server on
 * loopback. There the host's own fetch takes the most of it, so the body is also read without being verified.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { capture } from "../scripts/lib/run.mjs";
import { median } from "./lib/measure.mjs";
import { startOrigin } from "./lib/origin.mjs";
import { CHUNK } from "./lib/streams.mjs";

const SIZE = 2 * 2 ** 30;
const ROUNDS = 5;

export async function run() {
  const digest = digestOf(SIZE);
  const origin = await startOrigin(SIZE);
  const growth = { made: [], fetched: [], copied: [] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      growth.made.push(await grown("verify", "made", digest));
      growth.fetched.push(await grown("verify", origin.url, digest));
      growth.copied.push(await grown("copy", origin.url, digest));
    }
  } finally {
    origin.close();
  }
  const [made, fetched, copied] = Object.values(growth).map((bytes) => Math.round(median(bytes) / 2 ** 20));
  return [
    row("growth of resident memory while verifying 2 GiB, Node", made, `${made} MiB`),
    row(
      "the same, fetched body, to reading it unverified",
      fetched - copied,
      `${fetched - copied} MiB (${copied} → ${fetched} MiB)`,
    ),
  ];
}

function row(what, mebibytes, figure) {
  return { what, figure, target: "≤ 64 MiB", met: mebibytes <= 64 };
}

/** A process of its own each time: memory that was once taken is not given back. */
async function grown(how, from, digest) {
  const script = fileURLToPath(new URL("memory.child.mjs", import.meta.url));
  const { code, stdout, output } = await capture(process.execPath, [script, how, from, digest, String(SIZE)]);
  if (code !== 0) throw new Error(output);
  return Number(stdout);
}

function digestOf(size) {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK).fill(7);
  for (let done = 0; done < size; done += CHUNK) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

/**
 * The request that closes an upload: of 10 MiB in 2 chunks against 2 GiB in 256, on Node over a folder. The hash of what has come is kept with the upload, so
 * nothing is read again, and what is left of the upload is deleted behind the answer: so it takes as long, however much it is.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { npmBin } from "../scripts/lib/run.mjs";
import { startServe } from "../tests/support/serve.mjs";
import { closeUpload, pushChunks } from "./lib/front.mjs";
import { median } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const MIB = 2 ** 20;
const ROUNDS = 5;
/** Milliseconds in which what came before comes to its end: what the last upload left behind, and the writing of gibibytes. */
const REST = 500;
/** Requests that wake a server up which has rested. */
const WAKING = 20;

export async function run() {
  const times = { small: [], large: [] };
  let place;
  // Each in a folder of its own, so that there need not be room for all of them.
  for (let round = 0; round < ROUNDS; round += 1) place = await measure(times);
  const [small, large] = [median(times.small), median(times.large)];
  // Whatever else the machine does only ever adds to a time, and of 3 ms it may well double them: so the fastest are compared.
  const ratio = Math.min(...times.large) / Math.min(...times.small);
  return [
    {
      what: `closing PUT of 2 GiB in 256 chunks, against 10 MiB in 2, Node and a folder in ${place}`,
      figure: `${large.toFixed(1)} ms, ${small.toFixed(1)} ms; the fastest of ${ROUNDS}: ${ratio.toFixed(2)}×`,
      target: "≤ 1.5×",
      met: ratio <= 1.5,
    },
  ];
}

/** Adds how long each takes to its times; says where. */
async function measure(times) {
  const { folder, where } = scratchFor(2.2 * 2 ** 30);
  const server = await startServe(["--store", folder], { node: npmBin("node") });
  const timed = async (size, chunk) => {
    const { location } = await pushChunks(server.url, size, chunk);
    await sleep(REST);
    for (let request = 0; request < WAKING; request += 1) await (await fetch(`${server.url}/v2/`)).text();
    return await closeUpload(location);
  };
  const small = () => timed(10 * MIB, 5 * MIB);
  try {
    for (let warm = 0; warm < 3; warm += 1) await small();
    times.small.push(await small());
    times.large.push(await timed(2048 * MIB, 8 * MIB));
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return where;
}

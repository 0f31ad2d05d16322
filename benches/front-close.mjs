/**
 * The request that closes an upload: of 10 MiB against 2 GiB, each in chunks of 8 MiB or less, on Node over a folder. The hash of what has come is kept with
 * the upload, so what was stored is not read again, however much it is.
 */
import { rmSync } from "node:fs";
import { npmBin } from "../scripts/lib/run.mjs";
import { startServe } from "../tests/support/serve.mjs";
import { closeUpload, pushChunks } from "./lib/front.mjs";
import { median } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const MIB = 2 ** 20;
const ROUNDS = 5;

export async function run() {
  const { folder, where } = scratchFor(2.2 * 2 ** 30);
  const server = await startServe(["--store", folder], { node: npmBin("node") });
  try {
    const times = { small: [], large: [] };
    const timed = async (size, chunk) => closeUpload((await pushChunks(server.url, size, chunk)).location);
    await timed(10 * MIB, 5 * MIB);
    for (let round = 0; round < ROUNDS; round += 1) times.small.push(await timed(10 * MIB, 5 * MIB));
    times.large.push(await timed(2048 * MIB, 8 * MIB));
    const [small, large] = [median(times.small), median(times.large)];
    // 256 chunks are 256 small objects that are deleted when the upload is closed, whatever their size; to read 2 GiB takes seconds.
    return [
      {
        what: `closing PUT of 2 GiB in 256 chunks, against 10 MiB in 2, Node and a folder in ${where}`,
        figure: `${large.toFixed(0)} ms, ${small.toFixed(0)} ms`,
        target: "no second read",
        met: large < 1000,
      },
    ];
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

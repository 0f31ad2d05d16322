/**
 * A blob of 1 GiB from the registry on Node, over a folder and in memory, against the same Node that serves the bytes with no registry: of one file, in Node's
 * own pieces of 64 KiB and in those in which it is fastest. All to curl, on loopback. The blob came in chunks of 8 MiB, so it is read from 128 files.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { npmBin, run as runProgram } from "../scripts/lib/run.mjs";
import { startServe } from "../tests/support/serve.mjs";
import { closeUpload, pushChunks } from "./lib/front.mjs";
import { interleave, median, rate } from "./lib/measure.mjs";
import { processorTime } from "./lib/processor.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const SIZE = 2 ** 30;
const CHUNK = 8 * 2 ** 20;

/** Bytes that Node alone reads at a time: of powers of two, 512 KiB took the least time where this was written. */
const PIECES = [64 * 1024, 512 * 1024];

/** The host alone. */
const BARE = `
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
const [path, length, highWaterMark] = process.argv.slice(1);
const server = createServer((_, response) => {
  response.writeHead(200, { "content-length": length });
  createReadStream(path, { highWaterMark: Number(highWaterMark) }).pipe(response);
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

export async function run() {
  const { folder, where } = scratchFor(3 * SIZE);
  const node = npmBin("node");
  const started = [];
  const contenders = {};
  try {
    for (const [name, options] of Object.entries({
      folder: ["--store", join(folder, "store")],
      memory: ["--memory"],
    })) {
      const server = await startServe(options, { node });
      started.push(server);
      const { location, digest } = await pushChunks(server.url, SIZE, CHUNK);
      await closeUpload(location);
      contenders[name] = { pid: server.pid, url: `${server.url}/v2/bench/blobs/${digest}` };
    }
    const file = await writeFileOf(join(folder, "file"));
    for (const piece of PIECES) {
      const bare = await startBare(node, file, piece);
      started.push(bare);
      contenders[piece] = bare;
    }
    const { times, processor } = await measure(contenders);
    return ["folder", "memory"].flatMap((store) =>
      PIECES.map((piece) => {
        const ratio = times[piece] / times[store];
        const shown = (name) => `${rate(SIZE, times[name])}, ${Math.round(processor[name])} ms of the processor`;
        return {
          what: `GET of a blob of 1 GiB, Node and ${store === "folder" ? `a folder in ${where}` : "its memory"}, to the same Node that pipes a file in pieces of ${piece / 1024} KiB`,
          figure: `${ratio.toFixed(2)}× (${shown(store)}; bare ${shown(piece)})`,
          target: "at least 0.9×",
          met: ratio >= 0.9,
        };
      }),
    );
  } finally {
    for (const { close } of started) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds that each takes for the client, and of the processor. */
async function measure(contenders) {
  const used = {};
  const get = (name, { pid, url }) => {
    used[name] = [];
    return async () => {
      const before = processorTime(pid);
      await runProgram("curl", ["--silent", "--fail", "--output", "/dev/null", url]);
      used[name].push(processorTime(pid) - before);
    };
  };
  const entries = Object.entries(contenders);
  const times = await interleave(Object.fromEntries(entries.map(([name, one]) => [name, get(name, one)])));
  return { times, processor: Object.fromEntries(entries.map(([name]) => [name, median(used[name].slice(1))])) };
}

async function startBare(node, file, piece) {
  const args = ["--input-type=module", "--eval", BARE, file, String(SIZE), String(piece)];
  const child = spawn(node, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(child.stdout.setEncoding("utf8"), "data");
  return { pid: child.pid, url: `http://127.0.0.1:${port.trim()}/`, close: () => child.kill() };
}

/** A file of as many bytes as the blob has: one of holes would be read faster. */
async function writeFileOf(path) {
  const handle = await open(path, "w");
  const chunk = randomBytes(CHUNK);
  for (let at = 0; at < SIZE; at += CHUNK) await handle.write(chunk);
  await handle.close();
  return path;
}

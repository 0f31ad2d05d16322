/**
 * A blob of 1 GiB from the registry, on Node over a folder, against the same Node that serves the bytes of one file with no registry; both to curl, on
 * loopback. The blob came in chunks of 8 MiB, so it is read from 128 files.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { npmBin, run as runProgram } from "../scripts/lib/run.mjs";
import { startServe } from "../tests/support/serve.mjs";
import { closeUpload, pushChunks } from "./lib/front.mjs";
import { interleave, rate } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const SIZE = 2 ** 30;

/** The host alone. */
const BARE = `
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
const [path, length] = process.argv.slice(1);
const server = createServer((_, response) => {
  response.writeHead(200, { "content-length": length });
  createReadStream(path).pipe(response);
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

export async function run() {
  const { folder, where } = scratchFor(2 * SIZE);
  const server = await startServe(["--store", join(folder, "store")], { node: npmBin("node") });
  const file = join(folder, "file");
  await writeFile(file, "");
  await truncate(file, SIZE);
  const bare = spawn(npmBin("node"), ["--input-type=module", "--eval", BARE, file, String(SIZE)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const { location, digest } = await pushChunks(server.url, SIZE, 8 * 2 ** 20);
    await closeUpload(location);
    const [port] = await once(bare.stdout.setEncoding("utf8"), "data");
    const get = (url) => runProgram("curl", ["--silent", "--fail", "--output", "/dev/null", url]);
    const times = await interleave({
      registry: () => get(`${server.url}/v2/bench/blobs/${digest}`),
      bare: () => get(`http://127.0.0.1:${port.trim()}/`),
    });
    const ratio = times.bare / times.registry;
    return [
      {
        what: `GET of a blob of 1 GiB, Node and a folder in ${where}, to the same Node with no registry`,
        figure: `${ratio.toFixed(2)}× (${rate(SIZE, times.registry)}, bare ${rate(SIZE, times.bare)})`,
        target: "at least 0.9×",
        met: ratio >= 0.9,
      },
    ];
  } finally {
    bare.kill();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

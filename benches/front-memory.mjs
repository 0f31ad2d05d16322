/**
 * Resident memory of workerd that a push of 1 GiB in chunks of 8 MiB takes, beyond what a Worker takes that does no more than put the same requests' bodies
 * into the same bucket, which the target is about. The bucket is simulated in the same process, and takes most of that memory. Another bare Worker asks it as
 * often as the registry does, which shows how much of the rest is of that.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { startWorker } from "../scripts/lib/worker.mjs";
import { closeUpload, pushChunks } from "./lib/front.mjs";
import { median } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const MIB = 2 ** 20;
const SIZE = 1024 * MIB;
const CHUNK = 8 * MIB;
const LIMIT = 32 * MIB;
/** Of each, taken in turn. */
const RUNS = 5;

/** It answers as an upload is answered, so that the same client does. For each chunk the registry makes two records, and looks for one. */
const bare = (records) => `
let next = 0;
export default {
  async fetch(request, env) {
    const headers = { location: "/v2/bench/blobs/uploads/1" };
    if (request.method === "POST") return new Response(null, { status: 202, headers });
    if (request.method === "PUT") return new Response(null, { status: 201, headers });
    const id = next++;
    if (${records}) {
      await env.BUCKET.put("claim" + id, new Uint8Array(64), { onlyIf: { etagDoesNotMatch: "*" } });
    }
    await env.BUCKET.put("chunk" + id, request.body, { onlyIf: { etagDoesNotMatch: "*" } });
    if (${records}) {
      await env.BUCKET.put("at" + id, new Uint8Array(300), { onlyIf: { etagDoesNotMatch: "*" } });
      await env.BUCKET.head("claim" + id);
    }
    return new Response(null, { status: 202, headers });
  },
};
`;

export async function run() {
  const { folder, where } = scratchFor(2 * SIZE);
  const contenders = {
    puts: (bucket) => startBare(bucket, bare(false)),
    asks: (bucket) => startBare(bucket, bare(true)),
    registry: (bucket) => startWorker({ bucket }),
  };
  try {
    const growths = { puts: [], asks: [], registry: [] };
    for (let count = 0; count < RUNS; count++) {
      for (const [name, start] of Object.entries(contenders)) {
        const bucket = join(folder, name);
        growths[name].push(await growth(() => start(bucket)));
        rmSync(bucket, { recursive: true, force: true });
      }
    }
    const registry = median(growths.registry);
    const row = (worker, bare) => ({
      what: `push of 1 GiB in 8 MiB chunks, workerd and R2 in ${where}: growth of memory beyond a bare Worker's that ${worker}`,
      figure: `${shown(registry - bare)} (${shown(registry)}, bare ${shown(bare)})`,
    });
    const puts = median(growths.puts);
    return [
      { ...row("puts each chunk", puts), target: "at most 32 MiB", met: registry - puts <= LIMIT },
      { ...row("asks the bucket as often", median(growths.asks)), target: "none", met: true },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startBare(bucket, contents) {
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "index.mjs", contents }],
    compatibilityDate: "2025-01-01",
    r2Buckets: { BUCKET: "pierhead" },
    r2Persist: bucket,
    host: "127.0.0.1",
    cf: false,
  });
  const { origin } = await worker.ready;
  return { url: origin, close: () => worker.dispose() };
}

/** By how many bytes the peak of workerd's memory is above what it has at its start. */
async function growth(start) {
  const before = new Set(workerdProcesses());
  const { url, close } = await start();
  try {
    const [pid] = workerdProcesses().filter((one) => !before.has(one));
    if (pid === undefined) throw new Error("/proc does not tell which process is workerd");
    await (await fetch(`${url}/v2/`)).text();
    const first = memory(pid, "VmRSS");
    const { location } = await pushChunks(url, SIZE, CHUNK);
    await closeUpload(location);
    return memory(pid, "VmHWM") - first;
  } finally {
    await close();
  }
}

/** The children of this process that are workerd. */
function workerdProcesses() {
  return readdirSync("/proc").filter((name) => {
    try {
      const fields = readFileSync(join("/proc", name, "stat"), "utf8");
      return /^\d+ \(workerd\) \S (\d+)/.exec(fields)?.[1] === String(process.pid);
    } catch {
      return false;
    }
  });
}

function memory(pid, name) {
  const status = readFileSync(join("/proc", pid, "status"), "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)[1]) * 1024;
}

function shown(bytes) {
  return `${Math.round(bytes / MIB)} MiB`;
}

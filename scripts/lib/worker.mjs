/** Runs the Worker of `examples/worker` in workerd, bundled as wrangler does. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { root } from "./project.mjs";

/** What `examples/worker/wrangler.jsonc` says. */
const COMPATIBILITY_DATE = "2025-01-01";

/**
 * @param {object} [options]
 * @param {string} [options.upstream] The URL of the registry to read from; without it, the Worker hosts images itself.
 * @param {string} [options.bucket] The folder that keeps the objects of its bucket; without it, they are gone with the Worker.
 * @param {string} [options.password] What everyone must show; without it, everyone may push.
 * @param {string} [options.hosts] The names, with commas between, that it answers to, besides addresses; without it, to every name.
 * @param {string} [options.cors] The origins, with commas between, whose pages may read and write, or `none`; without it, every page may read.
 * @param {number} [options.port] On 127.0.0.1; 0 for any that is free.
 * @returns {Promise<{url: string, host: string, close(): Promise<void>}>}
 */
export async function startWorker({ upstream, bucket, password, hosts, cors, port = 0 } = {}) {
  const worker = new Miniflare({
    modules: await bundledModules(),
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: {
      ...(upstream && { UPSTREAM: upstream }),
      ...(hosts && { HOSTS: hosts }),
      ...(cors && { CORS: cors }),
      ...(password ? { PASSWORD: password } : { ANYONE_MAY_PUSH: "true" }),
    },
    r2Buckets: { BUCKET: "pierhead" },
    r2Persist: bucket ?? false,
    host: "127.0.0.1",
    port,
    // Otherwise Miniflare asks the network for a description of this machine's place in it.
    cf: false,
    handleRuntimeStdio: reportRuntime,
  });
  const { origin, host } = await worker.ready;
  return { url: origin, host, close: () => worker.dispose() };
}

/** Passes on what workerd says, but for each client that broke a connection off, such as those that try TLS first. */
function reportRuntime(stdout, stderr) {
  createInterface(stdout).on("line", (line) => process.stdout.write(`${line}\n`));
  createInterface(stderr).on("line", (line) => {
    if (!/disconnected: |^stack: /.test(line)) process.stderr.write(`${line}\n`);
  });
}

async function bundledModules() {
  const cache = join(root, "node_modules", ".cache", "pierhead");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "worker-"));
  try {
    await build({
      entryPoints: [join(root, "examples", "worker", "index.ts")],
      outfile: join(folder, "index.mjs"),
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      loader: { ".wasm": "copy" },
      logLevel: "error",
    });
    const modules = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
    return [
      { type: "ESModule", path: "index.mjs", contents: readFileSync(join(folder, "index.mjs"), "utf8") },
      ...modules.map((name) => ({ type: "CompiledWasm", path: name, contents: readFileSync(join(folder, name)) })),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

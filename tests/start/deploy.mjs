/** The Worker of `examples/worker` as Cloudflare's own tool makes it ready to be deployed, which needs no account. */
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../../scripts/lib/project.mjs";
import { npmBin, run } from "../../scripts/lib/run.mjs";
import { check, conclude } from "./count.mjs";

const WRANGLER = "4.164.0";
/** Bytes of a Worker, compressed, on Cloudflare's free plan. */
const LIMIT = 3_000_000;

const scratch = await mkdtemp(join(tmpdir(), "pierhead-deploy-"));
const wrangler = await installed();
const worker = join(scratch, "worker");
await cp(join(root, "examples", "worker"), worker, { recursive: true });
for (const part of ["package.json", "dist", "pkg"])
  await cp(join(root, part), join(worker, "node_modules", "pierhead", part), { recursive: true });

let said = "";
await check("it is bundled, and asks for its bucket", async () => {
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", HOME: scratch, XDG_CONFIG_HOME: scratch };
  said = await run(npmBin("node"), [wrangler, "deploy", "--dry-run", "--outdir", "out"], { cwd: worker, env });
  assert.match(said, /env\.BUCKET \(pierhead\)\s+R2 Bucket/);
});

await check("it brings its module as one, and is small enough for every plan", async () => {
  const out = join(worker, "out");
  const names = await readdir(out);
  assert.equal(names.filter((name) => name.endsWith(".wasm")).length, 1, names.join(" "));
  let size = 0;
  for (const name of names.filter((one) => /\.(?:js|wasm)$/.test(one)))
    size += gzipSync(await readFile(join(out, name))).length;
  assert.ok(size > 0 && size < LIMIT, `${size} bytes`);
});

await rm(scratch, { recursive: true, force: true });
conclude();

/** The tool, installed once beside what else the tests need: it would bring a second workerd into the checkout. */
async function installed() {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "pierhead-tools", `wrangler-${WRANGLER}`);
  const program = join(folder, "node_modules", "wrangler", "bin", "wrangler.js");
  if ((await stat(program).catch(() => undefined)) === undefined) {
    await mkdir(folder, { recursive: true });
    const manifest = { private: true, allowScripts: { esbuild: true, workerd: true } };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", `wrangler@${WRANGLER}`], {
      cwd: folder,
    });
  }
  return program;
}

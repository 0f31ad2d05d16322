/** Bundles tests for one runtime, with the export conditions that its users' bundlers set. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const scratch = fileURLToPath(new URL("../../node_modules/.cache/pierhead", import.meta.url));

const RUNTIMES = {
  node: { entry: "suite.ts", conditions: ["node", "import"] },
  workerd: { entry: "entries/worker.ts", conditions: ["workerd", "worker", "import"] },
  deno: { entry: "entries/process.ts", conditions: ["deno", "node", "import"] },
  bun: { entry: "entries/process.ts", conditions: ["bun", "node", "import"] },
  chromium: { entry: "entries/page.ts", conditions: ["browser", "import"] },
};

/**
 * @param {keyof typeof RUNTIMES} runtime
 * @returns {Promise<string>} The bundle's path; the wasm modules that it imports lie beside it.
 */
export async function bundleSuite(runtime) {
  return await bundle(runtime, new URL(RUNTIMES[runtime].entry, import.meta.url));
}

/**
 * @param {keyof typeof RUNTIMES} runtime
 * @param {URL} entry
 * @returns {Promise<string>} As {@link bundleSuite}.
 */
export async function bundle(runtime, entry) {
  mkdirSync(scratch, { recursive: true });
  // A folder of its own each time: test files run side by side.
  const folder = mkdtempSync(join(scratch, `${runtime}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, "suite.mjs");
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    // Neutral: what the package imports has to be there in every runtime, or the bundle fails to build.
    platform: "neutral",
    // The module with traps is made at run time.
    external: ["node:*", "*/trapping.wasm"],
    conditions: RUNTIMES[runtime].conditions,
    loader: { ".wasm": "copy" },
    logLevel: "error",
  });
  return outfile;
}

/**
 * A bundle for workerd, as Miniflare takes it.
 *
 * @param {string} file its path, as of {@link bundle}
 */
export function workerModules(file) {
  const folder = dirname(file);
  const wasm = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
  return [
    { type: /** @type {const} */ ("ESModule"), path: "worker.mjs", contents: readFileSync(file, "utf8") },
    ...wasm.map((path) => ({
      type: /** @type {const} */ ("CompiledWasm"),
      path,
      contents: readFileSync(join(folder, path)),
    })),
  ];
}

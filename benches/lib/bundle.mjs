/** Bundles a bench for a runtime that is not Node, with the export conditions of its users' bundlers. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {string} entry
 * @param {string[]} conditions
 * @param {Record<string, string>} [alias] Files in place of packages.
 * @returns {Promise<string>} The bundle's path; a wasm module that it imports lies beside it.
 */
export async function bundle(entry, conditions, alias = {}) {
  const outfile = join(root, "node_modules", ".cache", "pierhead", "benches", entry, "bundle.mjs");
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(root, "benches", entry)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions,
    alias,
    loader: { ".wasm": "copy" },
    logLevel: "error",
  });
  return outfile;
}

/** The bundle as Miniflare wants its modules. */
export function workerModules(outfile) {
  const folder = dirname(outfile);
  const wasm = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
  return [
    { type: "ESModule", path: "bundle.mjs", contents: readFileSync(outfile, "utf8") },
    ...wasm.map((path) => ({ type: "CompiledWasm", path, contents: readFileSync(join(folder, path)) })),
  ];
}

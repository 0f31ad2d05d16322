/** What a user downloads, measured, against the budget of each part. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root, wasmBuilds } from "./project.mjs";

const KB = 1000;

/** Base64 takes 4/3 of its input; the rest is what gzip cannot win back, and the line around it. */
const BASE64_RATIO = 1.36;

const WASM_BUDGETS = { core: { gzip: 130 * KB, raw: 330 * KB }, front: { gzip: 240 * KB } };

/** The JavaScript of our own that an application ships, without the wasm. */
const SCRIPT_BUDGETS = [
  { name: ". + ./client", entries: ["index.js", "client.js"], gzip: 20 * KB },
  { name: "./layout beside .", entries: ["index.js", "layout.js"], beside: ["index.js"], gzip: 10 * KB },
  { name: "./front", entries: ["front.js"], gzip: 25 * KB },
  // Those that bring what the front has no use for: files, and the protocol of S3.
  ...["memory", "fs", "r2", "s3"].map((store) => ({
    name: `./stores/${store} beside ./front`,
    entries: ["front.js", `../stores/${store}.js`],
    beside: ["front.js"],
    gzip: 5 * KB,
  })),
];

/**
 * @typedef {{name: string, value: number, budget: number, unit: "B" | "×"}} Size
 * @returns {Promise<Size[]>}
 */
export async function measureSizes() {
  const scripts = await Promise.all(SCRIPT_BUDGETS.map(scriptSize));
  return [...wasmBuilds.flatMap(({ name }) => wasmSizes(name)), ...scripts];
}

function wasmSizes(name) {
  const module = readFileSync(join(root, "pkg", name, "pierhead_bg.wasm"));
  const { gzip, raw } = WASM_BUDGETS[name];
  const sizes = [{ name: `${name}.wasm, gzip`, value: gzipped(module), budget: gzip, unit: "B" }];
  if (raw) sizes.push({ name: `${name}.wasm, raw`, value: module.length, budget: raw, unit: "B" });
  const inline = join(root, "dist", "entry", `${name}-inline.js`);
  if (!existsSync(inline)) throw new Error("dist/ is not built: run npm run build");
  const ratio = readFileSync(inline).length / module.length;
  return [...sizes, { name: `${name} in base64, to the module`, value: ratio, budget: BASE64_RATIO, unit: "×" }];
}

async function scriptSize({ name, entries, beside = [], gzip }) {
  const value = (await bundledSize(entries)) - (beside.length > 0 ? await bundledSize(beside) : 0);
  return { name: `${name}, JavaScript, gzip`, value, budget: gzip, unit: "B" };
}

async function bundledSize(entries) {
  const code = entries.map((entry) => `export * from "./${entry}";`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: join(root, "dist", "entry"), loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["*.wasm", "*-inline.js", "aws4fetch"],
    logLevel: "error",
  });
  return gzipped(outputFiles[0].contents);
}

function gzipped(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}

/** Prints the table on stderr; returns whether every size is within its budget. */
export function printSizes(sizes) {
  const width = Math.max(...sizes.map(({ name }) => name.length));
  for (const { name, value, budget, unit } of sizes) {
    const mark = value <= budget ? " " : "!";
    process.stderr.write(
      `${mark} ${name.padEnd(width)}  ${shown(value, unit).padStart(9)}  of ${shown(budget, unit).padStart(9)}\n`,
    );
  }
  return sizes.every(({ value, budget }) => value <= budget);
}

function shown(value, unit) {
  return unit === "B" ? `${(value / KB).toFixed(1)} KB` : `${value.toFixed(3)} ×`;
}

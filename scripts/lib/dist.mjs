/** Builds `dist/`: the TypeScript, and the wasm as base64 for hosts that cannot import a module file. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint } from "./files.mjs";
import { root, wasmBuilds } from "./project.mjs";
import { npmBin, run } from "./run.mjs";

const dist = join(root, "dist");
const cache = join(root, "node_modules", ".cache", "pierhead");
const stampFile = join(cache, "dist-stamp");

/** Everything that `dist/` is made from. */
function sources() {
  return ["js", "pkg", "tsconfig.json", "package.json", "scripts/lib/dist.mjs"].map((path) => join(root, path));
}

/** Whether `dist/` was made from the sources as they are now. */
export function distIsFresh() {
  return existsSync(dist) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint(...sources());
}

/**
 * Builds `dist/`. The new folder replaces the old one only when it is complete, so that a program which
 * runs meanwhile never sees half of one.
 */
export async function buildDist() {
  const stamp = fingerprint(...sources());
  const next = join(cache, `dist-${process.pid}`);
  rmSync(next, { recursive: true, force: true });
  mkdirSync(join(next, "entry"), { recursive: true });
  try {
    await run(npmBin("tsc"), ["--outDir", next]);
    for (const { name } of wasmBuilds) writeInline(next, name);
    const old = `${next}-old`;
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(next, dist);
    rmSync(old, { recursive: true, force: true });
    writeFileSync(stampFile, stamp);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

/** Writes `entry/<name>-inline.js` and its declaration, for the entries that `import` it. */
function writeInline(folder, name) {
  const module = readFileSync(join(root, "pkg", name, "pierhead_bg.wasm"));
  const file = join(folder, "entry", `${name}-inline`);
  writeFileSync(`${file}.js`, `export const base64 = "${module.toString("base64")}";\n`);
  writeFileSync(`${file}.d.ts`, readFileSync(join(root, "js", "entry", `${name}-inline.d.ts`)));
}

/** Packs the package as `npm publish` would, and installs it where nothing of the checkout can be reached. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/lib/project.mjs";
import { run } from "../../scripts/lib/run.mjs";

const consumer = fileURLToPath(new URL("consumer", import.meta.url));
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];

/** Every file that may be in the tarball, beside the exact ones at its root. */
const ALLOWED = [/^dist\/.+\.(js|d\.ts)$/, /^pkg\/(core|front)\/pierhead(_bg\.wasm|\.js|\.d\.ts|_bg\.wasm\.d\.ts)$/];
const AT_ROOT = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];

/** @returns {Promise<{tarball: string, paths: string[]}>} the tarball, and the paths of the files in it. */
export async function pack(scratch) {
  await mkdir(scratch, { recursive: true });
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch];
  const packed = Object.values(JSON.parse(await run("npm", args)))[0];
  return { tarball: join(scratch, packed.filename), paths: packed.files.map(({ path }) => path) };
}

/** What is wrong with the tarball's contents, as lines. */
export async function contentProblems(paths) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const named = [...targets(manifest.exports), ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ""));
  const missing = [...new Set([...AT_ROOT, ...named])].filter((path) => !paths.includes(path));
  const unexpected = paths.filter((path) => !AT_ROOT.includes(path) && !ALLOWED.some((form) => form.test(path)));
  const telling = [];
  for (const path of paths) {
    const bytes = await readFile(join(root, path));
    if ([root, homedir()].some((folder) => folder.length > 1 && bytes.includes(`${folder}/`))) telling.push(path);
    if (bytes.includes("sourceMappingURL=")) unexpected.push(`${path} with a source map`);
  }
  return [
    ...telling.map((path) => `the tarball's ${path} names a folder of whoever built it`),
    ...missing.map((path) => `the tarball has no ${path}`),
    ...unexpected.map((path) => `the tarball has ${path}, which nobody needs`),
  ];
}

/** Every file that an exports map leads to. */
function targets(exports) {
  return typeof exports === "string" ? [exports] : Object.values(exports).flatMap(targets);
}

/** Installs the tarball beside the consumer's programs; returns their folder. */
export async function install(scratch, tarball) {
  const folder = join(scratch, "consumer");
  await cp(consumer, folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run("npm", ["install", ...QUIET, tarball], { cwd: folder });
  return folder;
}

/** The oldest Node that the package supports, installed once for all runs; returns the program's path. */
export async function oldestNode(cache, version) {
  const folder = join(cache, `node-${version}`);
  const program = join(folder, "node_modules", "node", "bin", "node");
  const installed = await run(program, ["--version"]).catch(() => "");
  if (installed.trim() !== `v${version}`) {
    await mkdir(folder, { recursive: true });
    const manifest = { private: true, allowScripts: { node: true } };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", ...QUIET, `node@${version}`], { cwd: folder });
  }
  return program;
}

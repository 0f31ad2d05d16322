/**
 * Builds `dist/`: the TypeScript, its modules joined into few files, and the wasm as base64 for hosts that cannot import a
 * module file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
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
    await joinModules(next);
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

/**
 * Joins the modules that several entries share: Node takes a quarter of a millisecond for each file, and there are dozens. What
 * an entry shares with another stands in `entry/shared-….js`, once, so there is one instance of the core whichever is imported.
 *
 * The program has all it needs in files of its own: nobody imports the package beside it, and of what entries share it would load thirty.
 */
async function joinModules(folder) {
  const modules = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(".js"));
  const joined = {
    absWorkingDir: folder,
    outdir: folder,
    outbase: folder,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    packages: "external",
    // What the package says of side effects is about `dist/` as it will stand.
    ignoreAnnotations: true,
    external: ["node:*", "*.wasm", "*-inline.js"],
    metafile: true,
    logLevel: "error",
  };
  // Before its modules are replaced by what becomes of those that are entries, too.
  const program = await build({
    ...joined,
    entryPoints: PROGRAM,
    chunkNames: "cli/shared-[hash]",
    plugins: [GLUE, INLINE],
    write: false,
  });
  const { metafile } = await build({
    ...joined,
    entryPoints: modules.filter((path) => ENTRIES.test(path)),
    // Beside the entries, so that what they have in common finds the same files by the same paths.
    chunkNames: "entry/shared-[hash]",
    plugins: [GLUE],
  });
  for (const { path, contents } of program.outputFiles) writeFileSync(path, contents);
  const kept = new Set([metafile, program.metafile].flatMap(({ outputs }) => Object.keys(outputs)));
  for (const path of modules) if (!kept.has(path)) rmSync(join(folder, path));
}

/** The folder is made elsewhere than it will stand, so paths that lead out of it lead nowhere yet. */
const GLUE = {
  name: "glue",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/\.\.\/pkg\/.+\.js$/ }, ({ path }) => ({
      path: join(root, path.replace("../../", "")),
    }));
  },
};

/** The modules as base64, which stand beside the entries, from where the program is. */
const INLINE = {
  name: "inline",
  setup({ onResolve }) {
    onResolve({ filter: /-inline\.js$/ }, ({ path }) => ({ path: `../entry/${basename(path)}`, external: true }));
  },
};

/** What `bin` loads: at once, and when something is fetched. */
const PROGRAM = ["cli/main.js", "cli/program.js", "cli/http-fetch.js"];

/** What else is imported from outside: by users, and by the tests and benches that look at a part from within. */
const ENTRIES =
  /^(entry\/(?!provide-)[\w.]+|cli\/(excerpt|output|progress\/progress|serve\/(collecting|serve)|places\/(failed|place)|credentials\/(helper|keychain)|threads\/(blob-thread|blob-writers))|core\/front|engine\/engine|stores\/(contract|fs|memory|r2|s3))\.js$/;

/** Writes `entry/<name>-inline.js` and its declaration, for the entries that `import` it. */
function writeInline(folder, name) {
  const module = readFileSync(join(root, "pkg", name, "pierhead_bg.wasm"));
  const file = join(folder, "entry", `${name}-inline`);
  writeFileSync(`${file}.js`, `export const base64 = "${module.toString("base64")}";\n`);
  writeFileSync(`${file}.d.ts`, readFileSync(join(root, "js", "entry", `${name}-inline.d.ts`)));
}

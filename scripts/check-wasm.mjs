/**
 * `npm run check:wasm`: rebuilds the wasm from a copy of the checkout, in another folder and from nothing, and
 * fails unless every byte equals the committed `pkg/`, or when a path of this machine shows in it.
 *
 * The comparison binds on x86-64 Linux only: rustc and wasm-opt choose differently on other hosts.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { filesBelow } from "./lib/files.mjs";
import { fail, root, say, wasmBuilds } from "./lib/project.mjs";
import { run } from "./lib/run.mjs";
import { buildAllWasm, missingTools, privatePaths } from "./lib/wasm-build.mjs";

const INPUTS = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  ".cargo",
  "src",
  "crates",
  "examples/native.rs",
  "README.md",
  "LICENSE",
];

const missing = missingTools();
if (missing.length > 0) fail(`pierhead: check:wasm needs\n  ${missing.join("\n  ")}`);

const scratch = mkdtempSync(join(tmpdir(), "pierhead-check-"));
const problems = [];
try {
  const folder = join(scratch, "another folder");
  await copyInputs(folder);
  const built = join(scratch, "pkg");
  await buildAllWasm({ folder, out: built, target: join(scratch, "target") });
  problems.push(...differences(join(root, "pkg"), built), ...leaks(built));
} catch (error) {
  problems.push(error.message);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

if (problems.length > 0) fail(`pierhead: check:wasm failed\n  ${problems.join("\n  ")}`);
say(`pierhead: pkg/ is what the sources build (${wasmBuilds.map(({ name }) => name).join(", ")})`);

/** Copies what git would: tracked files and new ones, as they are in the checkout now. */
async function copyInputs(folder) {
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...INPUTS]);
  for (const path of listed.split("\0").filter(Boolean)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
}

function differences(committed, built) {
  const names = (folder) => filesBelow(folder).map((path) => relative(folder, path));
  const all = new Set([...names(committed), ...names(built)]);
  const found = [...all].filter((name) => !sameBytes(join(committed, name), join(built, name)));
  if (found.length > 0 && `${process.platform}-${process.arch}` !== "linux-x64") {
    say(`pierhead: ${found.join(", ")} differ here, which only counts on x86-64 Linux`);
    return [];
  }
  return found.map((name) => `pkg/${name} is not what the sources build: run npm run build:wasm`);
}

function sameBytes(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false; // one of the two is missing
  }
}

function leaks(folder) {
  // With the slash: a home such as /root also begins the JSON pointer /rootfs.
  const folders = [homedir(), scratch, root, "/home", ...privatePaths(root).map(([path]) => path)];
  const paths = folders.map((path) => `${path}/`);
  return filesBelow(folder).flatMap((file) => {
    const bytes = readFileSync(file);
    return paths
      .filter((path) => bytes.includes(path))
      .map((path) => `${relative(folder, file)} contains the path ${path}`);
  });
}

/**
 * `node tests/packaging/crates.mjs`: packs both crates as `cargo publish` would, each against the other's package, and builds
 * them from there.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { check, conclude } from "../start/count.mjs";

const ADDED_BY_CARGO = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];

/** What stands in a crate beside its sources. */
const crates = {
  "pierhead-json": ["LICENSE", "README.md"],
  pierhead: ["CHANGELOG.md", "LICENSE", "README.md"],
};

for (const [name, beside] of Object.entries(crates)) {
  await check(`${name} holds its sources, its licence, and nothing else`, async () => {
    const list = await run("cargo", ["package", "--list", "--locked", "--allow-dirty", "--package", name], {
      cwd: root,
    });
    const paths = list.trim().split("\n");
    const sources = paths.filter((path) => /^src\/[\w/]+\.(rs|md|txt)$/.test(path));
    assert.ok(sources.includes("src/lib.rs"), list);
    assert.deepEqual(
      paths.filter((path) => !sources.includes(path)),
      [...ADDED_BY_CARGO, ...beside].sort(),
    );
  });
}

/** Where Cargo unpacks the packages of each registry that it knows. */
const unpacked = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");

/** The registries that Cargo has unpacked packages of. */
async function registries() {
  return new Set(await readdir(unpacked).catch(() => []));
}

// The second crate is built against the package of the first from a registry in the target folder, whose packages stay unpacked in
// Cargo's home, by the folder's path, and are taken for the same whenever the version is: a folder used before would bring old sources.
await check("both build from their packages", async () => {
  const target = await mkdtemp(join(tmpdir(), "pierhead-crates-"));
  const known = await registries();
  try {
    await run(
      "cargo",
      ["package", "--workspace", "--locked", "--allow-dirty", "--color=never", "--target-dir", target],
      { cwd: root },
    );
  } finally {
    await rm(target, { recursive: true, force: true });
    for (const registry of await registries()) {
      // A registry with a host name is no folder's.
      if (!known.has(registry) && registry.startsWith("-")) {
        await rm(join(unpacked, registry), { recursive: true, force: true });
      }
    }
  }
});

conclude();

/**
 * `node tests/packaging/crates.mjs`: packs both crates as `cargo publish` would, each against the other's package, and builds
 * them from there.
 */
import assert from "node:assert/strict";
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

await check("both build from their packages", async () => {
  await run("cargo", ["package", "--workspace", "--locked", "--allow-dirty", "--color=never"], { cwd: root });
});

conclude();

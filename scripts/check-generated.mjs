/**
 * `npm run check:generated`: writes the TypeScript of the Rust types again (ts-rs does it during `cargo test`)
 * and fails when `js/generated/` differs from what is committed.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fail, root, say } from "./lib/project.mjs";
import { run } from "./lib/run.mjs";

const folder = "js/generated";
try {
  // Emptied first: a type that Rust no longer exports must not stay behind.
  rmSync(join(root, folder), { recursive: true, force: true });
  await run("cargo", ["test", "--quiet", "--locked", "--lib", "export_bindings"]);
  const changes = await run("git", ["status", "--porcelain", "--", folder]);
  if (changes !== "") fail(`pierhead: ${folder} is not what the Rust types export; commit\n${changes.trimEnd()}`);
} catch (error) {
  fail(`pierhead: ${error.message}`);
}
say(`pierhead: ${folder} is what the Rust types export`);

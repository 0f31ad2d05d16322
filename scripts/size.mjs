/**
 * `npm run size`: prints what users download and fails when a part is over its budget. With `--crates` it also
 * builds the wasm with its names, to list the bytes of code per crate (about a minute; needs the Rust tools).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, root, say, wasmBuilds } from "./lib/project.mjs";
import { measureSizes, printSizes } from "./lib/sizes.mjs";
import { buildWasm, missingTools } from "./lib/wasm-build.mjs";
import { bytesPerCrate } from "./lib/wasm-sections.mjs";

try {
  if (process.argv.includes("--crates")) await printCrates();
  if (!printSizes(await measureSizes())) fail("pierhead: over the size budget");
} catch (error) {
  fail(`pierhead: ${error.message}`);
}

async function printCrates() {
  const missing = missingTools();
  if (missing.length > 0) fail(`pierhead: --crates needs\n  ${missing.join("\n  ")}`);
  const out = mkdtempSync(join(tmpdir(), "pierhead-names-"));
  const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "wasm");
  try {
    for (const build of wasmBuilds) {
      await buildWasm(build, { out, target, names: true });
      say(`${build.name}: bytes of code per crate, before compression`);
      for (const [crate, bytes] of bytesPerCrate(readFileSync(join(out, "pierhead_bg.wasm")))) {
        say(`  ${crate.padEnd(24)} ${String(bytes).padStart(8)}`);
      }
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

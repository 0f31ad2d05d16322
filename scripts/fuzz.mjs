/**
 * `node scripts/fuzz.mjs [SECONDS [TARGET…]]`: fuzzes each target of `fuzz/` for 60 seconds, or as many as given, with
 * nightly Rust and cargo-fuzz. Without either it runs the same checks over the seeds and a fixed number of
 * mutations, on the stable toolchain. A crash leaves its input in `fuzz/artifacts/` and fails the script.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail, root, say } from "./lib/project.mjs";
import { run, versionOf } from "./lib/run.mjs";

/** An input longer than this teaches nothing new about the grammars, and slows every execution. */
const MAX_BYTES = 4096;
/** Seconds for one input: whatever takes this long hangs. */
const INPUT_TIMEOUT = 10;

const targets = readdirSync(join(root, "fuzz/seeds")).sort();
const [seconds = "60", ...chosen] = process.argv.slice(2);
if (!/^[1-9][0-9]*$/.test(seconds)) fail("pierhead: usage: node scripts/fuzz.mjs [SECONDS [TARGET…]]");
for (const target of chosen) {
  if (!targets.includes(target)) fail(`pierhead: no fuzz target ${target}; there are ${targets.join(", ")}`);
}

try {
  const missing = missingTool();
  if (missing === undefined) {
    for (const target of chosen.length > 0 ? chosen : targets) await fuzz(target);
  } else {
    say(`pierhead: ${missing} is not installed, so this runs the bounded checks of tests/fuzz_smoke.rs on stable Rust`);
    await run("cargo", ["test", "--quiet", "--locked", "--test", "fuzz_smoke"], { echo: true });
  }
} catch (error) {
  fail(`pierhead: ${error.message}`);
}

function missingTool() {
  if (versionOf("cargo", ["+nightly", "--version"]) === undefined) return "nightly Rust";
  if (versionOf("cargo", ["+nightly", "fuzz", "--version"]) === undefined) return "cargo-fuzz";
  return undefined;
}

/** New inputs go to `fuzz/corpus/`, which git ignores; the seeds are only read. */
async function fuzz(target) {
  say(`pierhead: fuzzing ${target} for ${seconds} seconds`);
  const limits = [`-max_total_time=${seconds}`, `-max_len=${MAX_BYTES}`, `-timeout=${INPUT_TIMEOUT}`, "-verbosity=0"];
  const corpus = join("fuzz", "corpus", target);
  mkdirSync(join(root, corpus), { recursive: true });
  await run("cargo", ["+nightly", "fuzz", "run", target, corpus, join("fuzz", "seeds", target), "--", ...limits], {
    echo: true,
  });
}

/**
 * `node scripts/install-go-tools.mjs [NAME…]`: builds the Go programs that the suite `registries` and the benches run,
 * where they are not built yet. Status 1 when one cannot be built; the suite then says which it did without.
 */

import { buildGoTool, goTools, missingGoTools } from "./lib/go-tools.mjs";
import { fail, say } from "./lib/project.mjs";
import { isInstalled } from "./lib/run.mjs";

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !goTools.includes(name));
if (unknown.length > 0) fail(`pierhead: no such Go tool: ${unknown.join(", ")}; there are ${goTools.join(", ")}`);
const missing = missingGoTools().filter((name) => wanted.length === 0 || wanted.includes(name));
if (missing.length > 0 && !isInstalled("go")) fail("pierhead: Go is not installed: apt-get install golang-go");

for (const name of missing) {
  const begun = performance.now();
  try {
    await buildGoTool(name);
    say(`built ${name} in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  } catch (error) {
    say(`pierhead: cannot build ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
if (missing.length === 0) say(`installed: ${(wanted.length > 0 ? wanted : goTools).join(" ")}`);

/**
 * `node scripts/install-go-tools.mjs [NAME…]`: builds the Go programs that the suites run, where they are not built yet: all but
 * `seaweedfs`, which takes as long as all others, or those of these names. Without Go, or where the module proxy does not have them, it says so and ends well: the suite then leaves
 * them out. Status 1 for one that cannot be built from what came.
 */
import { buildGoTool, goTools, isUnavailable, missingGoTools, usualGoTools } from "./lib/go-tools.mjs";
import { fail, say } from "./lib/project.mjs";
import { isInstalled } from "./lib/run.mjs";

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !goTools.includes(name));
if (unknown.length > 0) fail(`pierhead: no such Go tool: ${unknown.join(", ")}; there are ${goTools.join(", ")}`);
const chosen = wanted.length > 0 ? wanted : usualGoTools;
const missing = missingGoTools(chosen);

if (missing.length === 0) say(`installed: ${chosen.join(" ")}`);
else if (!isInstalled("go")) say(`not built, Go is not installed (apt-get install golang-go): ${missing.join(" ")}`);
else for (const name of missing) await build(name);

async function build(name) {
  const begun = performance.now();
  try {
    await buildGoTool(name);
    say(`built ${name} in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  } catch (error) {
    if (!isUnavailable(error)) process.exitCode = 1;
    say(`pierhead: cannot build ${name}: ${error.message}`);
  }
}

/**
 * `node scripts/run-suites.mjs NAME…|--all [--except=NAME,…]`: runs test suites, each with one line and its time, and
 * the output of those that fail; stdout ends with the sum. A suite whose tool is missing is skipped with a word,
 * and fails where `CI=true`.
 */
import { fail } from "./lib/project.mjs";
import { isInstalled } from "./lib/run.mjs";
import { suites } from "./lib/suites.mjs";

const options = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const excepted = options.flatMap((option) => /^--except=(.+)$/.exec(option)?.[1].split(",") ?? []);
const chosen = (options.includes("--all") ? Object.keys(suites) : named).filter((name) => !excepted.includes(name));

for (const name of [...named, ...excepted]) {
  if (!Object.hasOwn(suites, name)) fail(`pierhead: no suite ${name}; there are ${Object.keys(suites).join(", ")}`);
}
if (chosen.length === 0) fail("pierhead: no suite chosen: name some, or give --all");

const total = { passed: 0, failed: 0 };
for (const name of chosen) {
  const { passed, failed } = await runSuite(name);
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

async function runSuite(name) {
  const { needs, run } = suites[name];
  const missing = needs.filter(({ tool }) => !isInstalled(tool));
  if (missing.length > 0) {
    const tools = missing.map(({ tool, hint }) => `${tool} (${hint})`).join(", ");
    const binding = process.env.CI === "true";
    report(binding ? "✗" : "-", name, `not run, it needs ${tools}`);
    return { passed: 0, failed: binding ? 1 : 0 };
  }
  const begun = performance.now();
  const { passed, failed, output } = await run().catch((error) => ({
    passed: 0,
    failed: 1,
    output: error.message,
  }));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (failed > 0) console.log(output.trimEnd());
  report(failed === 0 ? "✓" : "✗", name, `${passed} passed, ${failed} failed in ${seconds} s`);
  return { passed, failed };
}

function report(mark, name, what) {
  console.log(`${mark} ${name.padEnd(10)} ${what}`);
}

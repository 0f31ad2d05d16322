/**
 * `node tests/runtimes/run.mjs deno|bun|chromium`: runs the suite there, prints each failure and the count, and
 * ends with 1 unless every case that Node has ran and passed.
 */
import { pathToFileURL } from "node:url";
import { bundleSuite } from "./bundle.mjs";
import { runInChromium } from "./chromium.mjs";
import { startFacts } from "./facts.mjs";
import { runInProcess } from "./process.mjs";

const runners = {
  deno: (bundle, facts) => runInProcess("deno", ["run", "--quiet", "--allow-all"], bundle, facts),
  bun: (bundle, facts) => runInProcess("bun", ["run"], bundle, facts),
  chromium: runInChromium,
};

const runtime = process.argv[2];
if (!Object.hasOwn(runners, runtime)) {
  console.error(`usage: run.mjs ${Object.keys(runners).join("|")}`);
  process.exit(2);
}

const { cases } = await import(pathToFileURL(await bundleSuite("node")).href);
const { facts, close } = await startFacts(runtime);
let results = [];
let broken;
try {
  results = await runners[runtime](await bundleSuite(runtime), facts);
} catch (error) {
  broken = error.message;
}
await close();

const failures = cases
  .map(({ name }) => results.find((result) => result.name === name) ?? { name, error: broken ?? "did not run" })
  .filter(({ error }) => error !== undefined);
for (const { name, error } of failures) console.error(`✗ ${name}\n${error.replace(/^/gm, "    ")}`);
console.log(`${cases.length - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length === 0 && broken === undefined ? 0 : 1);

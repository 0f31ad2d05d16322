/**
 * `npm run conformance [-- --write]`: the specification's own conformance program against the registry on each host, at version 1.1 and at what will be
 * the next. `--write` puts the results into README.md beside this.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "../../scripts/lib/go-tools.mjs";
import { fail, root, say } from "../../scripts/lib/project.mjs";
import { capture } from "../../scripts/lib/run.mjs";
import { startWorker } from "../../scripts/lib/worker.mjs";
import { startServe } from "../support/serve.mjs";

const VERSIONS = ["1.1", "dev"];
const README = join(root, "tests", "conformance", "README.md");

const program = goTool("conformance");
if (!existsSync(program)) {
  const hint = "the conformance program is not built: node scripts/install-go-tools.mjs conformance";
  if (process.env.CI === "true") fail(`pierhead: ${hint}`);
  say(hint);
  console.log("0 passed, 0 failed");
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), "pierhead-conformance-"));
const hosts = {
  "workerd, R2": () => startWorker(),
  "Node, memory": () => startServe(["--memory"]),
  "Node, fs": () => startServe(["--store", join(scratch, "store")]),
};
const rows = [];
const total = { passed: 0, failed: 0 };
try {
  for (const [name, start] of Object.entries(hosts)) {
    const host = await start();
    try {
      for (const version of VERSIONS) rows.push(await judge(name, host, version));
    } finally {
      await host.close();
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const table = [
  "| host, store | `OCI_VERSION` | passed | skipped | disabled | failed |",
  "|---|---|---|---|---|---|",
  ...rows.map((row) => `| ${row.join(" | ")} |`),
].join("\n");
if (process.argv.includes("--write")) {
  const text = readFileSync(README, "utf8");
  const [begin, end] = ["<!-- results -->", "<!-- end -->"].map((mark) => text.indexOf(mark));
  writeFileSync(README, `${text.slice(0, begin)}<!-- results -->\n${table}\n${text.slice(end)}`);
}
console.error(table);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

/** Runs it once, and counts what it found. */
async function judge(name, { host }, version) {
  const folder = mkdtempSync(join(scratch, "results-"));
  const env = {
    ...process.env,
    OCI_REGISTRY: host,
    OCI_TLS: "disabled",
    OCI_VERSION: version,
    OCI_RESULTS_DIR: folder,
    // Two runs on one registry are not to meet each other's content.
    OCI_REPO1: `conformance/${version}/one`,
    OCI_REPO2: `conformance/${version}/two`,
  };
  const { code, output } = await capture(program, [], { env, cwd: folder });
  const count = (what) => Number(new RegExp(`^ {2}${what}\\.+: +(\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
  const counts = ["Pass", "Skip", "Disabled", "FAIL", "Error"].map(count);
  if (counts.some(Number.isNaN)) throw new Error(`the conformance program did not come to an end:\n${output}`);
  const [passed, skipped, disabled, failures, errors] = counts;
  const failed = failures + errors;
  if (failed > 0 || code !== 0) console.error(problems(output));
  total.passed += passed;
  total.failed += failed === 0 && code !== 0 ? 1 : failed;
  return [name, version, passed, skipped, disabled, failed];
}

/** The lines of what failed, and those behind each that say why. */
function problems(output) {
  return output
    .split("\n")
    .filter((line, at, lines) => /: (FAIL|Error)$/.test(line) || (/^ +- /.test(line) && lines[at - 1]))
    .join("\n");
}

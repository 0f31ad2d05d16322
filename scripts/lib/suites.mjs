/** The test suites: what each runs, what it needs, and how its result is counted. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, npmBin } from "./run.mjs";

/**
 * @typedef {{passed: number, failed: number, output: string}} Outcome
 * @typedef {{needs: {tool: string, hint: string}[], run: () => Promise<Outcome>}} Suite
 */

const CARGO = { tool: "cargo", hint: "see https://rustup.rs" };
const CHROMIUM = { tool: process.env.CHROMIUM ?? "chromium", hint: "apt-get install chromium" };
const DOCKER_REGISTRY = { tool: "docker-registry", hint: "apt-get install docker-registry" };
const GO = { tool: "go", hint: "apt-get install golang-go" };
const OPENSSL = { tool: "openssl", hint: "apt-get install openssl" };
const SKOPEO = { tool: "skopeo", hint: "apt-get install skopeo" };
const UMOCI = { tool: "umoci", hint: "apt-get install umoci" };

/** In the order in which they run: the quickest to tell something first. @type {Record<string, Suite>} */
export const suites = {
  cargo: { needs: [CARGO], run: () => cargoTest() },
  node: { needs: [], run: () => vitest("node") },
  workerd: { needs: [], run: () => vitest("workerd") },
  deno: { needs: [], run: () => script("tests/runtimes/run.mjs", "deno") },
  bun: { needs: [], run: () => script("tests/runtimes/run.mjs", "bun") },
  chromium: { needs: [CHROMIUM], run: () => script("tests/runtimes/run.mjs", "chromium") },
  validator: { needs: [CHROMIUM], run: () => script("tests/validator/run.mjs") },
  packaging: { needs: [], run: () => script("tests/packaging/run.mjs") },
  publint: { needs: [], run: () => ofTarball((tarball) => program(npmBin("publint"), tarball, "--strict")) },
  attw: { needs: [], run: () => ofTarball(attw) },
  schema: { needs: [CARGO, GO], run: () => cargoTest("--test=schema_parity", "--", "--ignored") },
  large: { needs: [CARGO], run: () => cargoTest("--release", "--test=front", "--", "--ignored") },
  native: { needs: [CARGO, DOCKER_REGISTRY], run: () => native() },
  examples: { needs: [DOCKER_REGISTRY], run: () => script("tests/examples/run.mjs") },
  crates: { needs: [CARGO], run: () => script("tests/packaging/crates.mjs") },
  docs: { needs: [CARGO], run: () => program(process.execPath, "scripts/docs.mjs") },
  skopeo: { needs: [SKOPEO], run: () => script("tests/start/skopeo.mjs") },
  registries: { needs: [DOCKER_REGISTRY, OPENSSL, SKOPEO, UMOCI], run: () => script("tests/peers/run.mjs") },
  clients: { needs: [SKOPEO, UMOCI], run: () => script("tests/peers/run.mjs", "--hosts") },
  processes: { needs: [], run: () => script("tests/processes/run.mjs") },
  transfer: { needs: [CHROMIUM, DOCKER_REGISTRY], run: () => script("tests/peers/browser/run.mjs") },
  conformance: { needs: [GO], run: () => script("tests/conformance/run.mjs") },
  deploy: { needs: [], run: () => script("tests/start/deploy.mjs") },
  start: { needs: [], run: () => script("tests/start/run.mjs") },
};

/** What only the feature `native` has: its tests, its documentation's, and the example against a real registry. */
async function native() {
  const features = ["--features=native"];
  const outcomes = [
    await cargoTest(...features, "--lib", "--test=native"),
    await cargoTest(...features, "--doc", "--package=pierhead", "native"),
    await script("tests/examples/run.mjs", "rust"),
  ];
  const sum = (column) => outcomes.reduce((total, result) => total + result[column], 0);
  return { passed: sum("passed"), failed: sum("failed"), output: outcomes.map(({ output }) => output).join("") };
}

async function cargoTest(...args) {
  const { code, output } = await capture("cargo", ["test", "--workspace", "--locked", "--color=never", ...args]);
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)];
  const sum = (column) => results.reduce((total, result) => total + Number(result[column]), 0);
  return outcome({ code, output, passed: sum(1), failed: sum(2) });
}

async function vitest(project) {
  const scratch = mkdtempSync(join(tmpdir(), "pierhead-vitest-"));
  const report = join(scratch, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  try {
    const { code, output } = await capture(npmBin("vitest"), ["run", "--project", project, ...reporters]);
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return outcome({ code, output, passed: numPassedTests, failed: numFailedTests });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A script of ours; its last line on stdout is the count. */
async function script(...args) {
  const { code, stdout, output } = await capture(process.execPath, args);
  const [, passed = "0", failed = "0"] = /(\d+) passed, (\d+) failed\s*$/.exec(stdout) ?? [];
  return outcome({ code, output, passed: Number(passed), failed: Number(failed) });
}

/** A tool that only says yes or no. */
async function program(command, ...args) {
  const { code, output } = await capture(command, args);
  return outcome({ code, output, passed: code === 0 ? 1 : 0, failed: 0 });
}

/** The modules have no types of their own: whoever imports `.wasm` gets them from the bundler or the runtime. */
function attw(tarball) {
  return program(npmBin("attw"), tarball, "--profile", "esm-only", "--exclude-entrypoints", "core.wasm", "front.wasm");
}

/** The checkers' own packing would build again; this packs what the other suites tested. */
async function ofTarball(act) {
  const scratch = mkdtempSync(join(tmpdir(), "pierhead-pack-"));
  try {
    const { pack } = await import("../../tests/packaging/pack.mjs");
    const { tarball } = await pack(scratch);
    return await act(tarball);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A suite that fails, or counts nothing, has failed at least once. @returns {Outcome} */
function outcome({ code, output, passed, failed }) {
  const broken = code !== 0 || passed + failed === 0;
  return { passed, failed: broken ? Math.max(failed, 1) : failed, output };
}

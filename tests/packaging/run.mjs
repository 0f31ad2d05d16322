/**
 * `node tests/packaging/run.mjs`: packs the package, installs the tarball and runs one small program with it in
 * every runtime and bundler, which all have to print the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { npmBin, run } from "../../scripts/lib/run.mjs";
import { answerOfWorker, bundlers } from "./bundlers.mjs";
import { contentProblems, install, oldestNode, pack } from "./pack.mjs";

/** The lower bound of `engines`. */
const OLDEST_NODE = "20.16.0";

const ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const EXPECTED = JSON.stringify({
  digest: ABC,
  registry: "docker.io",
  repository: "library/alpine",
  valid: true,
  kind: "image-index",
  status: 200,
  name: "hello",
  images: 0,
});

const scratch = await mkdtemp(join(tmpdir(), "pierhead-packaging-"));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pierhead-tools");
let passed = 0;
let failed = 0;

try {
  const { tarball, paths } = await pack(scratch);
  await check("the tarball holds what it should", async () => (await contentProblems(paths)).join("\n"), "");
  const folder = await install(scratch, tarball);
  const node20 = await oldestNode(cache, OLDEST_NODE);
  const node24 = npmBin("node");
  const program = (command, ...args) => run(command, args, { cwd: folder });

  for (const [name, node] of Object.entries({ [`Node ${OLDEST_NODE}`]: node20, "Node 24": node24 })) {
    await check(name, () => program(node, "print.mjs"));
    await check(`${name}, ./slim and ./core.wasm`, () => program(node, "slim.mjs"), ABC);
    const cli = join("node_modules", "pierhead", "dist", "cli", "main.js");
    await check(`${name}, the command`, () => program(node, cli, "digest", "abc.txt"), `${ABC}  abc.txt`);
  }
  await check("TypeScript, its declarations checked too", () => program(npmBin("tsc"), "--project", "."), "");
  await check("Node 24, require", () => program(node24, "require.cjs"), ABC);
  await check("Deno", () => program(npmBin("deno"), "run", "--quiet", "--allow-all", "print.mjs"));
  await check("Bun", () => program(npmBin("bun"), "run", "print.mjs"));
  await check("workerd", () => answerOfWorker(folder));
  for (const [name, bundle] of Object.entries(bundlers)) {
    await check(name, async () => program(node24, await bundle(folder)));
  }
} catch (error) {
  failed += 1;
  console.error(`✗ packing or installing\n    ${error.message}`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function check(name, act, expected = EXPECTED) {
  let actual;
  try {
    actual = (await act()).trim();
  } catch (error) {
    actual = error.stack;
  }
  if (actual === expected) {
    passed += 1;
    console.error(`✓ ${name}`);
  } else {
    failed += 1;
    console.error(`✗ ${name}\n    printed  ${actual}\n    expected ${expected}`);
  }
}

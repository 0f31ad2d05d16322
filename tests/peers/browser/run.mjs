/** A page pushes a large blob to a registry of another origin, pulls it and verifies it, and its memory stays small. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { bundle } from "../../runtimes/bundle.mjs";
import { check, conclude } from "../../start/count.mjs";
import { openPlainPage } from "../../support/plain-page.mjs";
import { startPeer } from "../../support/registries.mjs";
import { ask } from "../lib/content.mjs";

const SIZE = 200_000_000;
const REPOSITORY = "from/a/page";

/** By how much the page's process may grow: a chunk that is sent, what is on its way, and garbage. In bytes. */
const GROWTH = 64 * 2 ** 20;

const registry = await startPeer("docker-registry", { cors: true });
const script = await bundle("chromium", new URL("page.ts", import.meta.url));
const { processId, call, close } = await openPlainPage(script);
let digest;

await check("a page pushes 200 MB to another origin, in bounded memory", async () => {
  const { result, grown } = await measured("pushBlob", registry.host, REPOSITORY, SIZE);
  assert.equal(result.size, SIZE);
  assert.equal(await hashOf(registry, result.digest), result.digest);
  assert.ok(grown <= GROWTH, `the page grew by ${megabytes(grown)}`);
  digest = result.digest;
});

await check("a page pulls and verifies 200 MB from another origin, in bounded memory", async () => {
  const { result, grown } = await measured("pullBlob", registry.host, REPOSITORY, digest);
  assert.deepEqual([result.digest, result.size], [digest, SIZE]);
  assert.ok(grown <= GROWTH, `the page grew by ${megabytes(grown)}`);
});

await close();
await registry.close();
conclude();

/** What a function of the page gives, and by how much its process grew meanwhile. */
async function measured(name, ...given) {
  const begun = startOfPeak(processId);
  const result = await call(name, ...given);
  const grown = memory(processId, "VmHWM") - begun;
  console.error(`  ${name}: ${(result.milliseconds / 1000).toFixed(1)} s, the page grew by ${megabytes(grown)}`);
  return { result, grown };
}

/** What the registry has, hashed here. */
async function hashOf(registry, digest) {
  const { body } = await ask(registry, `${REPOSITORY}/blobs/${digest}`);
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

/** What the process has now, from where its peak is counted again. */
function startOfPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return memory(pid, "VmRSS");
}

function memory(pid, field) {
  return (
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024
  );
}

function megabytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

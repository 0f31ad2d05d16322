/** Reads a layout that somebody else wrote, and checks every byte of it by node:crypto, not by this package. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} folder
 * @param {string} [digest] Where to begin; the only entry of the index unless told: some tools list every manifest.
 * @returns {{digest: string, digests: string[]}} The image, and it with all that it points at, sorted.
 * @throws {assert.AssertionError} for a blob that is missing, or whose size or digest is another.
 */
export function verifiedLayout(folder, digest) {
  assert.equal(JSON.parse(readFileSync(join(folder, "oci-layout"), "utf8")).imageLayoutVersion, "1.0.0");
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  const entries = digest === undefined ? manifests : manifests.filter((entry) => entry.digest === digest);
  assert.equal(entries.length, 1, `one entry in index.json, not ${entries.length}`);
  const digests = new Set();
  walk(folder, entries[0], digests);
  return { digest: entries[0].digest, digests: [...digests].sort() };
}

function walk(folder, descriptor, seen) {
  if (seen.has(descriptor.digest)) return;
  seen.add(descriptor.digest);
  const [algorithm, encoded] = descriptor.digest.split(":");
  const bytes = readFileSync(join(folder, "blobs", algorithm, encoded));
  assert.equal(bytes.length, descriptor.size, `the size of ${descriptor.digest}`);
  assert.equal(createHash(algorithm).update(bytes).digest("hex"), encoded, "the digest of a blob");
  if (!/manifest|index/.test(descriptor.mediaType)) return;
  const document = JSON.parse(bytes.toString("utf8"));
  const children = [document.config, ...(document.layers ?? []), ...(document.manifests ?? [])];
  for (const child of children.filter(Boolean)) walk(folder, child, seen);
}

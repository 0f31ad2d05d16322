/** What a registry holds, asked without the package under test. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

const ACCEPT = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"].join(", ");

/** The digest of bytes. */
export function sha256(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A manifest's bytes, which must be those of its digest, and what they say. */
export async function manifestOf(url, name, reference) {
  const bytes = await read(`${url}/v2/${name}/manifests/${reference}`);
  if (reference.includes(":")) assert.equal(sha256(bytes), reference);
  return { digest: sha256(bytes), manifest: JSON.parse(bytes.toString("utf8")) };
}

/** A blob's bytes, which must be those of its digest. */
export async function blobOf(url, name, digest) {
  const bytes = await read(`${url}/v2/${name}/blobs/${digest}`);
  assert.equal(sha256(bytes), digest);
  return bytes;
}

async function read(url) {
  const response = await fetch(url, { headers: { accept: ACCEPT } });
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

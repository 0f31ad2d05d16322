/** What the cases push, and what they ask the registry themselves, not by the client. */
import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The empty descriptor (image specification, "Guidance for an Empty Descriptor"). */
export const EMPTY = descriptorOf("application/vnd.oci.empty.v1+json", Buffer.from("{}"));

let made = 0;

/** Bytes that no other case pushes: pseudo-random, and others at each call. */
export function freshBytes(size) {
  made += 1;
  const key = createHash("sha256").update(`content ${process.pid} ${made}`).digest();
  return createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
}

export function digestOf(bytes, algorithm = "sha256") {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export function descriptorOf(mediaType, bytes) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/**
 * An artifact without content; what tells it from others is its annotation.
 *
 * @param {{artifactType?: string, subject?: object, note?: string}} [options]
 * @returns {Buffer} Its manifest.
 */
export function artifactManifest({ artifactType = "application/vnd.example.test", subject, note = "" } = {}) {
  const annotations = { "org.example.note": note };
  const document = { schemaVersion: 2, mediaType: MANIFEST, artifactType, config: EMPTY, layers: [EMPTY] };
  return Buffer.from(JSON.stringify({ ...document, subject, annotations }));
}

/** A stream of the bytes in pieces, whose length nobody can tell before its end. */
export function streamOf(bytes, piece = 64 * 1024) {
  let done = 0;
  const pull = (controller) => {
    if (done >= bytes.length) return controller.close();
    controller.enqueue(new Uint8Array(bytes.subarray(done, done + piece)));
    done += piece;
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Reads a stream to its end. */
export async function bytesOf(stream) {
  return Buffer.from(await new Response(stream).arrayBuffer());
}

/** All that an asynchronous iterable gives: Node 20 has no `Array.fromAsync`. */
export async function listOf(iterable) {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
}

/** Asks the registry, by path below `/v2/`. */
export function ask({ url }, path, { accept = MANIFEST, ...options } = {}) {
  return fetch(`${url}/v2/${path}`, { ...options, headers: { Accept: accept, ...options.headers } });
}

/** Asserts that the registry has this very blob. */
export async function assertBlob(registry, repository, digest, bytes) {
  const response = await ask(registry, `${repository}/blobs/${digest}`);
  assert.equal(response.status, 200);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(bytes));
}

/** Asserts that the registry has this very manifest by a tag or digest. */
export async function assertManifest(registry, repository, reference, bytes) {
  const response = await ask(registry, `${repository}/manifests/${reference}`);
  assert.equal(response.status, 200);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(bytes));
}

/** Asserts that the registry has no blob or manifest there. */
export async function assertMissing(registry, path) {
  const response = await ask(registry, path);
  await response.body?.cancel();
  assert.equal(response.status, 404);
}

/**
 * An image as large as one likes that takes no room: each layer is its number and then zeros. As a layout its files are
 * sparse, and a registry makes it as it is asked for; the bytes are the same.
 */
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CHUNK } from "./streams.mjs";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const zeros = Buffer.alloc(CHUNK);

/**
 * @typedef {object} LargeImage
 * @property {string} tag
 * @property {{mediaType: string, digest: string, size: number}} manifest
 * @property {Map<string, Buffer>} documents Manifest and config, by digest.
 * @property {Map<string, {number: number, size: number}>} layers By digest.
 */

/** @returns {LargeImage} */
export function largeImage({ layers: count, layerBytes }) {
  const documents = new Map();
  const layers = new Map();
  const described = (mediaType, digest, size) => ({ mediaType, digest, size });
  const put = (mediaType, value) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    documents.set(digest, bytes);
    return described(mediaType, digest, bytes.length);
  };
  for (let number = 0; number < count; number++) {
    const hash = createHash("sha256");
    for (const chunk of layerChunks(number, layerBytes)) hash.update(chunk);
    layers.set(`sha256:${hash.digest("hex")}`, { number, size: layerBytes });
  }
  const digests = [...layers.keys()];
  const rootfs = { type: "layers", diff_ids: digests };
  const config = put(CONFIG, { architecture: "amd64", os: "linux", rootfs });
  const manifest = put(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers: digests.map((digest) => described(LAYER, digest, layerBytes)),
  });
  return { tag: "bench", manifest, documents, layers };
}

/** The bytes of a layer, piece by piece; the pieces are not to be written to. */
export function* layerChunks(number, size) {
  for (let done = 0; done < size; done += CHUNK) {
    const chunk = done === 0 ? firstChunk(number) : zeros;
    yield size - done < CHUNK ? chunk.subarray(0, size - done) : chunk;
  }
}

/** @param {LargeImage} image @param {string} folder Must not exist. */
export function writeLargeLayout({ tag, manifest, documents, layers }, folder) {
  const path = (digest) => join(folder, "blobs", ...digest.split(":"));
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  for (const [digest, bytes] of documents) writeFileSync(path(digest), bytes);
  for (const [digest, { number, size }] of layers) {
    const file = openSync(path(digest), "w");
    writeSync(file, firstChunk(number));
    ftruncateSync(file, size);
    closeSync(file);
  }
  const entry = { ...manifest, annotations: { "org.opencontainers.image.ref.name": tag } };
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }));
}

function firstChunk(number) {
  const chunk = Buffer.alloc(CHUNK);
  chunk.writeUInt32BE(number + 1);
  return chunk;
}

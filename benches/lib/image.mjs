/**
 * An image of any size as an OCI layout, made once and kept outside the checkout. Its layers are pseudo-random bytes as
 * valid gzip, stored and not compressed, which no tool that copies them can tell from the densest layer.
 */
import { createCipheriv, createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Goes up when the bytes that are made change. */
const EDITION = 1;

const CONFIG = "application/vnd.oci.image.config.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/**
 * @param {{layers: number, layerBytes: number}} shape Bytes of each layer before gzip.
 * @returns {{folder: string, tag: string, digest: string, blobs: {digest: string, size: number}[]}} `digest` is the
 *   manifest's; `blobs` are all, the manifest too.
 */
export function imageLayout({ layers, layerBytes }) {
  const folder = join(tmpdir(), `pierhead-bench-image-${layers}x${layerBytes}-${EDITION}`);
  const tag = "bench";
  const summary = join(folder, "summary.json");
  if (!existsSync(summary)) make(folder, tag, layers, layerBytes);
  return { folder, tag, ...JSON.parse(readFileSync(summary, "utf8")) };
}

function make(folder, tag, layers, layerBytes) {
  // Under its name only when it is whole.
  const partial = mkdtempSync(`${folder}.`);
  try {
    mkdirSync(join(partial, "blobs", "sha256"), { recursive: true });
    const blobs = [];
    const put = (mediaType, bytes) => {
      const digest = digestOf(bytes);
      writeFileSync(join(partial, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
      blobs.push({ digest, size: bytes.length });
      return { mediaType, digest, size: bytes.length };
    };
    const contents = Array.from({ length: layers }, (_, index) => {
      const bytes = pseudoRandom(layerBytes, index);
      return { diffId: digestOf(bytes), descriptor: put(LAYER, gzipSync(bytes, { level: 0 })) };
    });
    const rootfs = { type: "layers", diff_ids: contents.map(({ diffId }) => diffId) };
    const config = put(CONFIG, json({ architecture: "amd64", os: "linux", rootfs }));
    const described = contents.map(({ descriptor }) => descriptor);
    const manifest = put(MANIFEST, json({ schemaVersion: 2, mediaType: MANIFEST, config, layers: described }));
    const entry = { ...manifest, annotations: { "org.opencontainers.image.ref.name": tag } };
    writeFileSync(join(partial, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
    writeFileSync(join(partial, "index.json"), json({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }));
    writeFileSync(join(partial, "summary.json"), json({ digest: manifest.digest, blobs }));
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** The same bytes for the same number each time: the key stream of a cipher. */
function pseudoRandom(size, number) {
  const key = createHash("sha256").update(`layer ${number}`).digest();
  return createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
}

function digestOf(bytes) {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value) {
  return Buffer.from(JSON.stringify(value));
}

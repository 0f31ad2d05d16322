/** What is pushed: images that share layers, indexes, referrers, an image in Docker's format, and blobs that nothing names. */
import { createHash } from "node:crypto";
import { bytesOf } from "./random.mjs";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
export const INDEX = `${OCI}.index.v1+json`;

/** Sizes of layers in bytes: none, few, more than a socket's buffer, more than a chunk. */
const SIZES = [0, 1, 700, 30_000, 180_000, 400_000];

/**
 * @typedef {object} Blob
 * @property {string} digest
 * @property {Buffer} bytes
 *
 * @typedef {object} Manifest
 * @property {string} name For whoever reads of it.
 * @property {string} digest
 * @property {string} mediaType
 * @property {Buffer} bytes
 * @property {Blob[]} blobs Those that it names.
 * @property {Manifest[]} children
 * @property {string} [subject]
 * @property {boolean} stays Whether nobody deletes it, since others need it.
 *
 * @typedef {object} Contents
 * @property {Blob[]} loose Blobs that no manifest names.
 * @property {Manifest[]} manifests
 * @property {string[]} subjects The digests that referrers refer to.
 */

/** @param {string} seed @returns {Contents} */
export function contentsOf(seed) {
  const blob = (name, size) => blobOf(bytesOf(`${seed} ${name}`, size));
  const layers = SIZES.map((size, at) => blob(`layer ${at}`, size));
  const image = (at, more) =>
    imageOf(`image ${at}`, [layers[at % layers.length], layers[(at + 2) % layers.length]], more);
  const images = Array.from({ length: 4 }, (_, at) => image(at));
  const staying = [4, 5].map((at) => ({ ...image(at), stays: true }));
  const indexes = [0, 1].map((at) => indexOf(`index ${at}`, staying.slice(at)));
  const absent = image(6);
  const referrers = [images[0], staying[0], indexes[0], absent].flatMap((subject, at) =>
    [0, 1].map((which) => imageOf(`referrer ${at}.${which}`, [layers[at]], { subject })),
  );
  const docker = imageOf("docker image", [layers[1], layers[4]], { isDocker: true });
  return {
    loose: [60, 5_000, 90_000].map((size, at) => blob(`loose ${at}`, size)),
    manifests: [...images, ...staying, ...indexes, ...referrers, docker],
    subjects: [...new Set(referrers.map(({ subject }) => subject))],
  };
}

/** @returns {Blob} */
export function blobOf(bytes) {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes };
}

/** @returns {Manifest} */
function imageOf(name, layers, { subject, isDocker = false } = {}) {
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        author: name,
        rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
      }),
    ),
  );
  const mediaType = isDocker ? `${DOCKER}.distribution.manifest.v2+json` : `${OCI}.manifest.v1+json`;
  const configType = isDocker ? `${DOCKER}.container.image.v1+json` : `${OCI}.config.v1+json`;
  const layerType = isDocker ? `${DOCKER}.image.rootfs.diff.tar` : `${OCI}.layer.v1.tar`;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(configType, config),
    layers: layers.map((layer) => descriptorOf(layerType, layer)),
    ...(subject && { subject: descriptorOf(subject.mediaType, subject) }),
  };
  return { ...manifestOf(name, mediaType, document), blobs: [config, ...layers], subject: subject?.digest };
}

/** @returns {Manifest} */
function indexOf(name, children) {
  const manifests = children.map((child) => descriptorOf(child.mediaType, child));
  const document = { schemaVersion: 2, mediaType: INDEX, manifests, annotations: { "org.example.name": name } };
  return { ...manifestOf(name, INDEX, document), children };
}

function manifestOf(name, mediaType, document) {
  return { name, mediaType, ...blobOf(Buffer.from(JSON.stringify(document))), blobs: [], children: [], stays: false };
}

function descriptorOf(mediaType, { digest, bytes }) {
  return { mediaType, digest, size: bytes.length };
}

/** Reads an OCI image layout from disk, for the test registry. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The committed layout: `hello:1.0`, made by `scripts/make-fixture.sh`. */
export const fixtureLayout = fileURLToPath(new URL("../fixtures/layout", import.meta.url));

const TAG = "org.opencontainers.image.ref.name";

/**
 * @typedef {object} Content
 * @property {string} digest
 * @property {string} mediaType
 * @property {Buffer} bytes
 */

/** Everything a registry serves of one repository, in memory. */
export class Layout {
  /** @type {Map<string, string>} tag to digest */
  tags = new Map();
  /** @type {Map<string, Content>} */
  manifests = new Map();
  /** @type {Map<string, Content>} */
  blobs = new Map();

  /**
   * @param {string} folder
   * @returns {Promise<Layout>}
   */
  static async read(folder) {
    const layout = new Layout();
    const { manifests } = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
    for (const descriptor of manifests) {
      const tag = descriptor.annotations?.[TAG];
      if (tag !== undefined) layout.tags.set(tag, descriptor.digest);
      await layout.#addManifest(folder, descriptor);
    }
    return layout;
  }

  /** @param {string} reference a tag or a digest */
  manifest(reference) {
    return this.manifests.get(this.tags.get(reference) ?? reference);
  }

  async #addManifest(folder, { digest, mediaType }) {
    if (this.manifests.has(digest)) return;
    const bytes = await readBlob(folder, digest);
    this.manifests.set(digest, { digest, mediaType, bytes });
    const document = JSON.parse(bytes.toString("utf8"));
    for (const child of document.manifests ?? []) await this.#addManifest(folder, child);
    for (const child of [document.config, ...(document.layers ?? [])]) {
      if (child === undefined) continue;
      const bytes = await readBlob(folder, child.digest);
      this.blobs.set(child.digest, { digest: child.digest, mediaType: "application/octet-stream", bytes });
    }
  }
}

function readBlob(folder, digest) {
  return readFile(join(folder, "blobs", ...digest.split(":")));
}

import { OciDocument } from "./document.js";
import { ManifestError } from "./errors.js";
import { digest } from "./hasher.js";
import { parseDigest } from "./vocabulary.js";

/**
 * The image ID: the SHA-256 digest of an image configuration, OCI's or Docker's (image specification, `config.md`, "ImageID").
 *
 * @throws ManifestError if it is no image configuration
 */
export function imageId(config: Uint8Array | ArrayBuffer | string): string {
  return parseConfig(config).digest;
}

/**
 * The chain ID of each layer, base first: the name of what it and all below it make (`config.md`, "Layer ChainID").
 *
 * @throws ManifestError if it is no image configuration, or its `diff_ids` are no digests
 */
export function chainIds(config: Uint8Array | ArrayBuffer | string): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds(parseConfig(config).json())) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digest(`${below} ${diffId}`));
  }
  return chain;
}

function parseConfig(config: Uint8Array | ArrayBuffer | string): OciDocument {
  const document = OciDocument.parse(config);
  if (document.kind !== "image-config") throw new ManifestError("INVALID_MANIFEST", "not an image configuration");
  return document;
}

function diffIds(config: unknown): string[] {
  const { rootfs } = config as { rootfs?: { diff_ids?: unknown } };
  const list = rootfs?.diff_ids;
  if (!Array.isArray(list)) throw new ManifestError("INVALID_MANIFEST", "/rootfs/diff_ids is not an array");
  for (const [index, diffId] of list.entries()) {
    try {
      parseDigest(diffId);
    } catch (cause) {
      throw new ManifestError("INVALID_MANIFEST", `not a digest: /rootfs/diff_ids/${index}`, {}, { cause });
    }
  }
  return list as string[];
}

import { type Descriptor, formatPlatform, type OciDocument, type Platform, selectPlatform } from "../entry/index.js";
import { CliError } from "./output.js";

/** The media types of indexes. */
export const INDEXES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

/** Whether a document is an index of images. */
export function isIndex({ mediaType }: OciDocument): boolean {
  return mediaType !== undefined && INDEXES.has(mediaType);
}

/** The entry of an index to go on with for a platform, which has to be there. */
export function select(index: OciDocument, asked: Platform): Descriptor {
  return selectPlatform(index, asked) ?? missing(index, asked);
}

/** Says that an index has nothing for a platform, and for which it has. */
export function missing(index: OciDocument, asked: Platform): never {
  const { manifests } = index.descriptors();
  const platforms = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  const known = platforms.length === 0 ? "none is stated" : `there is ${[...new Set(platforms)].join(", ")}`;
  throw new CliError(`nothing in the index is for ${formatPlatform(asked)}: ${known}`);
}

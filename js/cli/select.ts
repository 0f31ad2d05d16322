import { type Descriptor, formatPlatform, type OciDocument, type Platform, parsePlatform } from "../entry/index.js";
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

/**
 * The first entry for the platform, as the specification has it (`image-index.md`). An index that states no platform is
 * gone into, and whatever is found there counts.
 */
export function select(manifests: readonly Descriptor[], asked: Platform): Descriptor {
  const found = manifests.find(({ platform, mediaType }) =>
    platform === undefined ? INDEXES.has(mediaType) : matches(asked, platform),
  );
  if (found !== undefined) return found;
  const platforms = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  const known = platforms.length === 0 ? "none is stated" : `there is ${[...new Set(platforms)].join(", ")}`;
  throw new CliError(`nothing in the index is for ${formatPlatform(asked)}: ${known}`);
}

/** Whether a platform is the one asked for, however either is written. */
export function matches(asked: Platform, platform: Platform): boolean {
  const version = asked["os.version"];
  const versionFits = version === undefined || `${platform["os.version"] ?? version}.`.startsWith(`${version}.`);
  return versionFits && normalised(asked) === normalised(platform);
}

/** The form that equal platforms share; what is no platform stays as it is, and equals none. */
function normalised(platform: Platform): string {
  const text = formatPlatform(platform);
  try {
    return formatPlatform(parsePlatform(text));
  } catch {
    return text;
  }
}

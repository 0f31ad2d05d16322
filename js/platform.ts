import { core } from "./core/core.js";
import { text } from "./core/text.js";
import { documentOf, inCore, type OciDocument } from "./document.js";
import { ManifestError, OciError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { Platform } from "./generated/Platform.js";

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;

/** A platform, or `os/architecture[/variant]`. */
export type PlatformLike = Platform | string;

/** Whether something for a lesser platform than the one asked for will do. */
export interface VariantOptions {
  /**
   * `compatible`, the default: on `linux/arm/v7` an image for `v6` runs, on `linux/amd64/v3` one for `v2`, and on Windows from build
   * 20348 on one for an earlier build down to that. `exact`: it has to be the same.
   */
  variants?: "compatible" | "exact" | undefined;
}

/** How {@link resolvePlatform} goes on. */
export interface ResolveOptions extends VariantOptions {
  /** Fetches an index within the index. Whoever does it verifies it. */
  resolve(descriptor: Descriptor): OciDocument | Promise<OciDocument>;
}

/**
 * Whether an image for a platform runs on another: system and architecture are equal, variant and version will do, and the features that
 * the image requires are there. What is no platform runs nowhere.
 *
 * @throws OciError `INVALID_PLATFORM` for the first, `INVALID_ARGUMENT`
 */
export function platformRuns(platform: PlatformLike, image: PlatformLike, options: VariantOptions = {}): boolean {
  const [asked, offered, exact] = [specifier(platform), specifier(image), isExact(options)];
  return core.call((glue) => glue.platformRuns(asked, offered, exact));
}

/**
 * The entry of an index to go on with for a platform; undefined if there is none.
 *
 * - Entries that are neither manifest nor index are ignored.
 * - Of those that state a platform, the one that suits best: one for just this platform, else one for the highest variant that it runs.
 *   Among equals the first in the index, as the image specification has it.
 * - Else the first index that states no platform: it may hold the one sought.
 *
 * If the entry is an index, select from that again, or let {@link resolvePlatform} do it.
 *
 * @throws ManifestError if a descriptor of the index breaks its rules
 * @throws OciError `INVALID_PLATFORM`; `INVALID_ARGUMENT`, also if the document is no index
 */
export function selectPlatform(
  index: OciDocument,
  platform: PlatformLike,
  options: VariantOptions = {},
): Descriptor | undefined {
  const [asked, exact] = [specifier(platform), isExact(options)];
  if (!isIndex(documentOf(index).mediaType)) throw new OciError("INVALID_ARGUMENT", "the document is no index");
  const place = inCore(index, (raw) => raw.selectPlatform(asked, exact));
  return place === undefined ? undefined : index.descriptors().manifests[place];
}

/**
 * The manifest of an index for a platform, through indexes within indexes; undefined if there is none. There is no way back: what the
 * index that was chosen does not hold is nowhere, so that every client ends at the same image.
 *
 * @throws ManifestError as {@link selectPlatform}; `TOO_DEEP` past 8 indexes, `INVALID_MANIFEST` for one that holds itself,
 * `MEDIA_TYPE_MISMATCH` if `resolve` gives no index
 */
export async function resolvePlatform(
  index: OciDocument,
  platform: PlatformLike,
  options: ResolveOptions,
): Promise<Descriptor | undefined> {
  const seen = new Set<string>();
  let found = selectPlatform(index, platform, options);
  while (found !== undefined && isIndex(found.mediaType)) {
    if (seen.has(found.digest)) throw new ManifestError("INVALID_MANIFEST", "an index holds itself");
    if (seen.size >= MAX_DEPTH) throw new ManifestError("TOO_DEEP", `more than ${MAX_DEPTH} indexes deep`);
    seen.add(found.digest);
    const inner = await options.resolve(found);
    if (!isIndex(documentOf(inner).mediaType))
      throw new ManifestError("MEDIA_TYPE_MISMATCH", "what was resolved is no index");
    found = selectPlatform(inner, platform, options);
  }
  return found;
}

const INDEXES: ReadonlySet<string | undefined> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

function isIndex(mediaType: string | undefined): boolean {
  return INDEXES.has(mediaType?.toLowerCase());
}

function isExact({ variants = "compatible" }: VariantOptions): boolean {
  if (variants === "exact" || variants === "compatible") return variants === "exact";
  throw new OciError("INVALID_ARGUMENT", "variants is neither compatible nor exact");
}

/** A platform as the core reads it: version and features, which may be any text, are escaped. */
export function specifier(platform: PlatformLike): string {
  if (typeof platform === "string") return platform;
  const { os, architecture, variant, "os.version": version, "os.features": features = [] } = object(platform);
  const parts = [text("os", os), text("architecture", architecture)];
  if ((variant ?? "") !== "") parts.push(text("variant", variant));
  if (!Array.isArray(features)) throw new OciError("INVALID_ARGUMENT", "os.features is not an array");
  if ((version ?? "") !== "" || features.length > 0)
    parts[0] += `(${[version ?? "", ...features].map(escaped).join("+")})`;
  return parts.join("/");
}

function object(platform: Platform): Platform {
  if (typeof platform === "object" && platform !== null) return platform;
  throw new OciError("INVALID_ARGUMENT", "the platform is neither a text nor an object");
}

function escaped(option: string): string {
  const bytes = [...new TextEncoder().encode(text("a part of the platform", option))];
  return bytes.map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

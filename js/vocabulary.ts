import { core } from "./core/core.js";
import { text } from "./core/text.js";
import type { DigestParts } from "./generated/DigestParts.js";
import type { Platform } from "./generated/Platform.js";
import type { ReferenceParts } from "./generated/ReferenceParts.js";

/** The parts of a digest (image specification, "Digests"). Throws an `OciError` `INVALID_DIGEST`. */
export function parseDigest(digest: string): DigestParts {
  const given = text("the digest", digest);
  return core.call((glue) => glue.parseDigest(given) as DigestParts);
}

/**
 * The parts of a reference, completed as Docker does: `alpine` is `docker.io/library/alpine:latest`.
 *
 * @throws InvalidReferenceError
 */
export function parseReference(reference: string): ReferenceParts {
  const given = text("the reference", reference);
  return core.call((glue) => glue.parseReference(given) as ReferenceParts);
}

/** A platform from `os/architecture[/variant]`, normalised as containerd does. Throws an `OciError` `INVALID_PLATFORM`. */
export function parsePlatform(platform: string): Platform {
  const given = text("the platform", platform);
  return core.call((glue) => glue.parsePlatform(given) as Platform);
}

/** A platform as `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== "")
    .join("/");
}

import { core } from "./core/core.js";
import type { DigestParts } from "./generated/DigestParts.js";
import type { Platform } from "./generated/Platform.js";
import type { ReferenceParts } from "./generated/ReferenceParts.js";

/** The parts of a digest (image specification, "Digests"). Throws an `OciError` `INVALID_DIGEST`. */
export function parseDigest(text: string): DigestParts {
  return core.call((glue) => glue.parseDigest(text) as DigestParts);
}

/**
 * The parts of a reference, completed as Docker does: `alpine` is `docker.io/library/alpine:latest`.
 *
 * @throws InvalidReferenceError
 */
export function parseReference(text: string): ReferenceParts {
  return core.call((glue) => glue.parseReference(text) as ReferenceParts);
}

/** A platform from `os/architecture[/variant]`, normalised as containerd does. Throws an `OciError` `INVALID_PLATFORM`. */
export function parsePlatform(text: string): Platform {
  return core.call((glue) => glue.parsePlatform(text) as Platform);
}

/** A platform as `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== "")
    .join("/");
}

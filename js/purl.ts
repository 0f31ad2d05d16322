import { core } from "./core/core.js";
import { optionalText, text } from "./core/text.js";
import { OciError } from "./errors.js";
import type { PurlParts } from "./generated/PurlParts.js";
import type { PurlType } from "./generated/PurlType.js";

/** How a package URL is made. */
export interface PurlOptions {
  /** `oci`, the default, has the digest for its version and keeps the tag beside it; `docker` has the digest, or else the tag. */
  type?: PurlType;
  /** The architecture: the qualifier `arch`. */
  arch?: string;
}

/**
 * The package URL of what a reference stands for, such as `pkg:oci/app@sha256:…?repository_url=ghcr.io%2Fowner%2Fapp&tag=1.0`, in the
 * canonical form of ECMA-427.
 *
 * @throws InvalidReferenceError
 * @throws OciError `INVALID_ARGUMENT` for another type
 */
export function toPurl(reference: string, { type = "oci", ...options }: PurlOptions = {}): string {
  const given = text("the reference", reference);
  if (type !== "oci" && type !== "docker") throw new OciError("INVALID_ARGUMENT", "type is neither oci nor docker");
  const arch = optionalText("arch", options.arch);
  return core.call((glue) => glue.toPurl(given, type, arch));
}

/**
 * The parts of a `pkg:oci` or `pkg:docker`, and the reference that it leads to, if it says where it is. Throws an `OciError`
 * `INVALID_PURL`, for other types too.
 */
export function fromPurl(purl: string): PurlParts {
  const given = text("the package URL", purl);
  return core.call((glue) => glue.fromPurl(given) as PurlParts);
}

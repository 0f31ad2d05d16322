import { core } from "./core/core.js";
import { toBytes } from "./document.js";
import type { Report } from "./generated/Report.js";

/** What a verdict may depend on. */
export interface ValidateOptions {
  /** The media type it was served by, or that its descriptor names. */
  mediaType?: string;
  /** The released specifications (`1.1`, the default), their main (`dev`), or the official JSON Schema (`schema`). */
  profile?: "1.1" | "dev" | "schema";
}

/**
 * A verdict on an OCI document, with every finding at its place. Bytes that are not JSON, or are too large, are a finding too.
 *
 * @throws OciError `INVALID_ARGUMENT` for a profile that does not exist, `INVALID_MEDIA_TYPE`
 */
export function validate(document: Uint8Array | ArrayBuffer | string, options: ValidateOptions = {}): Report {
  return core.call((glue) => glue.validate(toBytes(document), options.mediaType, options.profile) as Report);
}

import { toBytes } from "./bytes.js";
import { core } from "./core/core.js";
import { optionalText } from "./core/text.js";
import { readable } from "./document.js";
import type { Report } from "./generated/Report.js";
import { digest } from "./hasher.js";

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
  const [bytes, mediaType, profile] = [
    toBytes(document),
    optionalText("mediaType", options.mediaType),
    optionalText("profile", options.profile),
  ];
  const read = readable(bytes);
  const report = core.call((glue) => glue.validate(read, mediaType, profile) as Report);
  return read.byteLength === bytes.byteLength ? report : { ...report, digest: digest(bytes) };
}

import { toBytes } from "./bytes.js";
import { core } from "./core/core.js";
import { optionalText } from "./core/text.js";
import { jsonOf, readable } from "./document.js";
import { hostDigest } from "./engine/engine.js";
import { OciError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { Platform } from "./generated/Platform.js";
import type { Report } from "./generated/Report.js";
import type { Severity } from "./generated/Severity.js";
import { digest } from "./hasher.js";
import { isCount } from "./stream.js";

/** What a verdict may depend on. */
export interface ValidateOptions {
  /** The media type it was served by, or that its descriptor names. */
  mediaType?: string | undefined;
  /** The released specifications (`1.1`, the default), their main branch, which adds BLAKE3 (`dev`), or the official JSON Schema (`schema`). */
  profile?: "1.1" | "dev" | "schema" | undefined;
  /**
   * The descriptor that points at the document, which is then held against it: size, digest, media type and artifact type.
   * Its media type counts, whatever `mediaType` says.
   */
  descriptor?: ExpectedDescriptor | undefined;
  /** Of an image configuration: how many layers the manifest has that points at it. */
  layers?: number | undefined;
  /** Of an image configuration: the platform that the index states for that manifest. */
  platform?: Platform | undefined;
}

/** A descriptor, of which nothing is needed but what it must have. */
export type ExpectedDescriptor = Pick<Descriptor, "mediaType" | "digest" | "size"> & Partial<Descriptor>;

/**
 * A verdict on an OCI document, with every finding at its place. Bytes that are not JSON, or are too large, are a finding too.
 *
 * @throws OciError `INVALID_ARGUMENT` for an option that is not of its type, and for a string with a lone surrogate, which no bytes
 * stand for; `INVALID_MANIFEST` for a descriptor or platform that lacks something
 */
export function validate(document: Uint8Array | ArrayBuffer | string, options: ValidateOptions = {}): Report {
  const bytes = toBytes(document);
  const [mediaType, profile, expected] = coreOptions(options);
  const read = readable(bytes);
  const whole = read.byteLength === bytes.byteLength;
  const encoded = whole ? hostDigest("sha256", bytes) : undefined;
  const known = encoded === undefined ? undefined : `sha256:${encoded}`;
  const report = core.call((glue) => glue.validate(read, mediaType, profile, expected, known) as Report);
  if (whole) return report;
  // Of what is too large, the core has seen the start only: what it says of size and digest is not so.
  const issues = report.issues.filter(({ rule }) => rule !== "content.size");
  return { ...report, issues, digest: digest(bytes) };
}

/**
 * Whether {@link validate} finds a document valid, and no more: no digest is computed, and no finding is told.
 *
 * @throws as {@link validate}
 */
export function isValid(document: Uint8Array | ArrayBuffer | string, options: ValidateOptions = {}): boolean {
  const bytes = readable(toBytes(document));
  const [mediaType, profile, expected] = coreOptions(options);
  return core.call((glue) => glue.isValid(bytes, mediaType, profile, expected));
}

function coreOptions(options: ValidateOptions) {
  return [
    optionalText("mediaType", options.mediaType),
    optionalText("profile", options.profile),
    expectedJson(options),
  ] as const;
}

/** What other documents say of a document, as the core reads it; undefined if nothing is known. */
export function expectedJson({
  descriptor,
  layers,
  platform,
}: Pick<ValidateOptions, "descriptor" | "layers" | "platform">): string | undefined {
  if (descriptor === undefined && layers === undefined && platform === undefined) return undefined;
  for (const [name, value] of Object.entries({ descriptor, platform })) {
    if (value !== undefined && (typeof value !== "object" || value === null)) {
      throw new OciError("INVALID_ARGUMENT", `${name} is not an object`);
    }
  }
  if (layers !== undefined && !isCount(layers)) throw new OciError("INVALID_ARGUMENT", "layers is not a whole number");
  return jsonOf({ descriptor, layers, platform });
}

/** A rule that documents are checked against. */
export interface Rule {
  /** Its name, for good: `manifest.config.required`. What stands before the first dot is the kind of document that it is about. */
  id: string;
  /** How bad it is to break it. */
  severity: Severity;
  /** How bad that is in the profile `schema`. */
  schemaSeverity: Severity;
  /** What it demands, in one line. */
  summary: string;
  /** The section that it comes from, as a URL. */
  spec: string;
}

/** All rules that there are, those of one kind of document together. */
export function rules(): Rule[] {
  return core.call((glue) => glue.rules() as Rule[]);
}

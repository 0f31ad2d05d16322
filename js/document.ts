import type { RawDocument } from "../pkg/core/pierhead.js";
import { toBytes, viewed } from "./bytes.js";
import { core } from "./core/core.js";
import { optionalText } from "./core/text.js";
import { OciError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { DocumentKind } from "./generated/DocumentKind.js";
import { digest } from "./hasher.js";

/** The most bytes that a document may have: the core's own limit. */
export const DOCUMENT_LIMIT = 8 * 1024 * 1024;

/** Of a document that is too large, just so much that the core sees that it is. */
export function readable(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, DOCUMENT_LIMIT + 1);
}

/** What a document points at. Lists are empty where its kind has none. */
export interface Descriptors {
  readonly config?: Descriptor;
  readonly layers: Descriptor[];
  readonly manifests: Descriptor[];
  readonly subject?: Descriptor;
}

/** What may be known of a document before it is read. */
export interface ParseOptions {
  /** The media type it was served by, or that its descriptor names. */
  mediaType?: string | undefined;
}

/** An OCI document that keeps the exact bytes it was read from. */
export class OciDocument {
  /** The exact bytes. Changing them breaks the document's promise. */
  readonly bytes: Uint8Array;
  /** What it is: `image-manifest`, `image-index`, … or `unknown`. */
  readonly kind: DocumentKind;
  /** Its media type, declared or its own. */
  readonly mediaType: string | undefined;
  #digest: string | undefined;
  #object: { value: unknown } | undefined;
  #descriptors: Descriptors | undefined;

  private constructor(bytes: Uint8Array, kind: DocumentKind, mediaType: string | undefined) {
    this.bytes = bytes;
    this.kind = kind;
    this.mediaType = mediaType;
  }

  /**
   * Reads a document of 8 MiB at most, 64 levels deep at most.
   *
   * @throws ManifestError if it is not strict JSON, or could be read in two ways: another media type than declared, a
   * manifest that is an index too
   */
  static parse(document: Uint8Array | ArrayBuffer | string, options: ParseOptions = {}): OciDocument {
    const bytes = toBytes(document);
    const mediaType = optionalText("mediaType", options.mediaType);
    return core.call((glue) => {
      const raw = glue.RawDocument.parse(readable(bytes), mediaType);
      const parsed = new OciDocument(bytes, raw.kind as DocumentKind, raw.mediaType);
      raw.free();
      return parsed;
    });
  }

  /** The size in bytes. */
  get size(): number {
    return this.bytes.byteLength;
  }

  /** The SHA-256 digest of the bytes. */
  get digest(): string {
    this.#digest ??= digest(this.bytes);
    return this.#digest;
  }

  /** The document as a JavaScript value, made once. The strict reader has refused all that two readers could take in two ways. */
  json(): unknown {
    this.#object ??= { value: JSON.parse(new TextDecoder().decode(this.bytes)) };
    return this.#object.value;
  }

  /**
   * What it points at, read once.
   *
   * @throws ManifestError if a descriptor in it breaks its rules
   */
  descriptors(): Descriptors {
    this.#descriptors ??= inCore(this, (raw) => raw.descriptors() as Descriptors);
    return this.#descriptors;
  }
}

/** Reads something out of a document, where the core has it for as long as that takes. */
export function inCore<T>(document: OciDocument, read: (raw: RawDocument) => T): T {
  // Read out here: what a caller's own object throws in there would be taken for a trap.
  const { bytes, mediaType } = document;
  return core.call((glue) => {
    const raw = glue.RawDocument.parse(bytes, mediaType);
    try {
      return read(raw);
    } finally {
      raw.free();
    }
  });
}

/** A document as it is, of this copy of the package or another; a descriptor as a document. Throws an {@link OciError} `INVALID_ARGUMENT`. */
export function documentOf(of: OciDocument | Descriptor): OciDocument {
  const given = typeof of === "object" && of !== null && !Array.isArray(of);
  if (given && "bytes" in of) {
    if (viewed(of.bytes) !== undefined && typeof of.json === "function") return of;
  } else if (given) {
    return OciDocument.parse(jsonOf(of), { mediaType: "application/vnd.oci.descriptor.v1+json" });
  }
  throw new OciError("INVALID_ARGUMENT", "neither an OciDocument nor a descriptor");
}

/** A value as JSON. Throws an {@link OciError} `INVALID_ARGUMENT` for what holds a `BigInt`, or itself. */
export function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new OciError("INVALID_ARGUMENT", "an argument is no data", { cause });
  }
}

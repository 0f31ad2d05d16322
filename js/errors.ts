/** The stable codes of every error that this package throws: match on them, never on a message. */
export type ErrorCode =
  | ManifestErrorCode
  | TransferErrorCode
  | RegistryErrorCode
  | LayoutErrorCode
  | StoreErrorCode
  | "INVALID_REFERENCE"
  | "DIGEST_MISMATCH"
  | "AUTH_FAILED"
  | "INTERNAL"
  | "INVALID_DIGEST"
  | "UNSUPPORTED_ALGORITHM"
  | "INVALID_HASH_STATE"
  | "INVALID_MEDIA_TYPE"
  | "INVALID_PLATFORM"
  | "INVALID_PURL"
  | "PLATFORM_NOT_FOUND"
  | "INVALID_URL"
  | "INVALID_HEADER"
  | "INVALID_ARGUMENT"
  | "CONTENT_FAILED"
  | "ABORTED";

/** The codes of a {@link ManifestError}. */
export type ManifestErrorCode = "INVALID_JSON" | "TOO_DEEP" | "TOO_LARGE" | "INVALID_MANIFEST" | "MEDIA_TYPE_MISMATCH";

/** The codes of a {@link TransferError}. */
export type TransferErrorCode =
  | "SIZE_MISMATCH"
  | "BODY_TRUNCATED"
  | "CONTENT_ENCODED"
  | "CONNECTION_FAILED"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "UNEXPECTED_RESPONSE";

/** The codes of a {@link RegistryError}; `UNSUPPORTED` where the registry does not offer what it was asked for. */
export type RegistryErrorCode = "REGISTRY_ERROR" | "UNSUPPORTED";

/**
 * The codes of a {@link LayoutError}: it is no layout; the archive is broken, or made to
 * break its reader; somebody else has the index for too long; more would have to be unpacked than is allowed; this
 * place, or this host, cannot do that; a reference is needed, or a longer one.
 */
export type LayoutErrorCode =
  | "INVALID_LAYOUT"
  | "INVALID_ARCHIVE"
  | "LAYOUT_LOCKED"
  | "SPOOL_LIMIT"
  | "NOT_SUPPORTED"
  | "AMBIGUOUS_REFERENCE";

/**
 * The codes of a {@link StoreError}: there is too much to do at the moment, nothing was done, and it may be tried again; the store did not
 * answer as it should, and what was asked may have been done or not; the content is not of the size or SHA-256 that was said, and nothing was
 * done; this service, or this disk, cannot do what a store has to.
 */
export type StoreErrorCode = "STORE_BUSY" | "STORE_UNAVAILABLE" | "STORE_CONTENT_MISMATCH" | "STORE_UNSUITABLE";

/** One entry of a registry's error body (distribution-spec, "Error Codes"). */
export interface RegistryErrorEntry {
  code: string;
  message?: string;
  detail?: unknown;
}

/** An error as the core hands it over: a plain object. Which fields are set depends on the code. */
export interface WireError {
  code: ErrorCode;
  message: string;
  /** A digest or media type, or a size in bytes. */
  expected?: string | number | undefined;
  actual?: string | number | undefined;
  /** Carries neither credentials nor a query. */
  url?: string | undefined;
  /** The HTTP status. */
  status?: number | undefined;
  errors?: RegistryErrorEntry[] | undefined;
  /** Where in the document: bytes from its start; line and column count from 1. */
  offset?: number | undefined;
  line?: number | undefined;
  column?: number | undefined;
  /** Seconds to wait before the next attempt (RFC 9110, section 10.2.3). */
  retryAfter?: number | undefined;
}

type Details<K extends keyof WireError> = Pick<WireError, K>;

// Two copies of this package in one program are two sets of classes; a key from the global symbol registry
// makes `instanceof` hold across both. A subclass that the user wrote keeps the ordinary test.
function brand(target: { readonly prototype: object }, name: string): void {
  const key = Symbol.for(name === "OciError" ? "pierhead.error" : `pierhead.error.${name}`);
  Object.defineProperties(target.prototype, {
    [key]: { value: true },
    // A minifier renames the class, so the name is stated.
    name: { value: name, configurable: true, writable: true },
  });
  Object.defineProperty(target, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== target) {
        return Function.prototype[Symbol.hasInstance].call(this, value);
      }
      return typeof value === "object" && value !== null && key in value;
    },
  });
}

/** What every error of this package is an instance of, whichever copy of the package threw it. */
export class OciError extends Error {
  readonly code: ErrorCode;

  static {
    brand(OciError, "OciError");
  }

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /**
   * Name, code, message and details, fit for a log. The cause is left out: it is not ours, so nobody can promise
   * that it holds no credentials.
   */
  toJSON(): { name: string } & WireError {
    return { ...this, name: this.name, message: this.message };
  }
}

/** A document that is not strict JSON, exceeds a cap, breaks a rule, or is not of the type that was declared. */
export class ManifestError extends OciError {
  declare readonly code: ManifestErrorCode;
  /** Bytes from the start of the document. */
  declare readonly offset?: number;
  /** Counts from 1. */
  declare readonly line?: number;
  /** Counts from 1. */
  declare readonly column?: number;
  declare readonly expected?: string | number;
  declare readonly actual?: string | number;

  static {
    brand(ManifestError, "ManifestError");
  }

  constructor(
    code: ManifestErrorCode,
    message: string,
    details: Details<"offset" | "line" | "column" | "expected" | "actual"> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    assign(this, details);
  }
}

/** A reference, repository name or tag that breaks its grammar. */
export class InvalidReferenceError extends OciError {
  declare readonly code: "INVALID_REFERENCE";

  static {
    brand(InvalidReferenceError, "InvalidReferenceError");
  }

  constructor(message: string, options?: ErrorOptions) {
    super("INVALID_REFERENCE", message, options);
  }
}

/** The bytes do not have the digest that they were asked by. */
export class DigestMismatchError extends OciError {
  declare readonly code: "DIGEST_MISMATCH";
  /** The digest that was asked for, `algorithm:encoded`. */
  readonly expected: string;
  /** The digest of what arrived. */
  readonly actual: string;

  static {
    brand(DigestMismatchError, "DigestMismatchError");
  }

  constructor(expected: string, actual: string, message?: string, options?: ErrorOptions) {
    super("DIGEST_MISMATCH", message ?? `expected ${expected}, but the bytes are ${actual}`, options);
    this.expected = expected;
    this.actual = actual;
  }
}

/** A response that did not arrive whole and unaltered. */
export class TransferError extends OciError {
  declare readonly code: TransferErrorCode;
  /** For `SIZE_MISMATCH` and `BODY_TRUNCATED`, bytes. */
  declare readonly expected?: string | number;
  declare readonly actual?: string | number;
  declare readonly url?: string;
  /** For `UNEXPECTED_RESPONSE`, the HTTP status. */
  declare readonly status?: number;

  static {
    brand(TransferError, "TransferError");
  }

  constructor(
    code: TransferErrorCode,
    message: string,
    details: Details<"expected" | "actual" | "url" | "status"> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    assign(this, details);
  }
}

/** An image layout that cannot be used as it was asked. */
export class LayoutError extends OciError {
  declare readonly code: LayoutErrorCode;

  static {
    brand(LayoutError, "LayoutError");
  }

  constructor(code: LayoutErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A store of objects that did not do what it was asked. */
export class StoreError extends OciError {
  declare readonly code: StoreErrorCode;

  static {
    brand(StoreError, "StoreError");
  }

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** The registry answered with an error. */
export class RegistryError extends OciError {
  declare readonly code: RegistryErrorCode;
  /** The HTTP status. */
  readonly status: number;
  /** What the error body lists; empty if it is not the specification's JSON. */
  readonly errors: readonly RegistryErrorEntry[];
  declare readonly url?: string;
  /** Seconds to wait before the next attempt. */
  declare readonly retryAfter?: number;

  static {
    brand(RegistryError, "RegistryError");
  }

  constructor(
    message: string,
    details: Details<"url" | "retryAfter"> & {
      status: number;
      errors?: RegistryErrorEntry[] | undefined;
      code?: RegistryErrorCode | undefined;
    },
    options?: ErrorOptions,
  ) {
    super(details.code ?? "REGISTRY_ERROR", message, options);
    this.status = details.status;
    this.errors = details.errors ?? [];
    assign(this, details);
  }
}

/** The registry asks for credentials, or refuses those it was given. */
export class AuthError extends OciError {
  declare readonly code: "AUTH_FAILED";
  declare readonly url?: string;
  /** The HTTP status, where one came. */
  declare readonly status?: number;

  static {
    brand(AuthError, "AuthError");
  }

  constructor(message: string, details: Details<"url" | "status"> = {}, options?: ErrorOptions) {
    super("AUTH_FAILED", message, options);
    assign(this, details);
  }
}

/** A defect of this package: please report it. */
export class InternalError extends OciError {
  declare readonly code: "INTERNAL";

  static {
    brand(InternalError, "InternalError");
  }

  constructor(message: string, options?: ErrorOptions) {
    super("INTERNAL", message, options);
  }
}

/** The error of the class that its code calls for, from the plain object that the core hands over. */
export function errorFrom(wire: WireError, cause?: unknown): OciError {
  const options = cause === undefined ? undefined : { cause };
  const { code, message } = wire;
  switch (code) {
    case "INVALID_JSON":
    case "TOO_DEEP":
    case "TOO_LARGE":
    case "INVALID_MANIFEST":
    case "MEDIA_TYPE_MISMATCH":
      return new ManifestError(code, message, wire, options);
    case "SIZE_MISMATCH":
    case "BODY_TRUNCATED":
    case "CONTENT_ENCODED":
    case "CONNECTION_FAILED":
    case "CONNECTION_LOST":
    case "TIMEOUT":
    case "UNEXPECTED_RESPONSE":
      return new TransferError(code, message, wire, options);
    case "INVALID_REFERENCE":
      return new InvalidReferenceError(message, options);
    case "DIGEST_MISMATCH":
      return new DigestMismatchError(String(wire.expected), String(wire.actual), message, options);
    case "REGISTRY_ERROR":
    case "UNSUPPORTED":
      return new RegistryError(message, { ...wire, code, status: wire.status ?? 0 }, options);
    case "AUTH_FAILED":
      return new AuthError(message, wire, options);
    case "INTERNAL":
      return new InternalError(message, options);
    case "INVALID_LAYOUT":
    case "INVALID_ARCHIVE":
    case "LAYOUT_LOCKED":
    case "SPOOL_LIMIT":
    case "NOT_SUPPORTED":
    case "AMBIGUOUS_REFERENCE":
      return new LayoutError(code, message, options);
    case "STORE_BUSY":
    case "STORE_UNAVAILABLE":
    case "STORE_CONTENT_MISMATCH":
    case "STORE_UNSUITABLE":
      return new StoreError(code, message, options);
    default:
      return new OciError(code, message, options);
  }
}

// A detail that was not given shows in no log. It is set all the same: JavaScriptCore gives each error a `line` and
// `column` of its own, those of the script, and they must not pass for a document's.
function assign(error: OciError, details: Pick<WireError, (typeof DETAILS)[number]>): void {
  for (const name of DETAILS) {
    const value = details[name];
    Object.defineProperty(error, name, { value, enumerable: value !== undefined, writable: false });
  }
}

const DETAILS = ["expected", "actual", "url", "status", "retryAfter", "offset", "line", "column"] as const;

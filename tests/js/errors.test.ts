import { describe, expect, test, vi } from "vitest";
import * as errors from "../../js/errors.ts";

const { errorFrom: _, ...CLASSES } = errors;

const CLASS_OF_CODE: Record<errors.ErrorCode, keyof typeof CLASSES> = {
  INVALID_JSON: "ManifestError",
  TOO_DEEP: "ManifestError",
  TOO_LARGE: "ManifestError",
  INVALID_MANIFEST: "ManifestError",
  MEDIA_TYPE_MISMATCH: "ManifestError",
  INVALID_REFERENCE: "InvalidReferenceError",
  DIGEST_MISMATCH: "DigestMismatchError",
  SIZE_MISMATCH: "TransferError",
  BODY_TRUNCATED: "TransferError",
  CONTENT_ENCODED: "TransferError",
  CONNECTION_FAILED: "TransferError",
  CONNECTION_LOST: "TransferError",
  TIMEOUT: "TransferError",
  UNEXPECTED_RESPONSE: "TransferError",
  INVALID_LAYOUT: "LayoutError",
  INVALID_ARCHIVE: "LayoutError",
  LAYOUT_LOCKED: "LayoutError",
  SPOOL_LIMIT: "LayoutError",
  NOT_SUPPORTED: "LayoutError",
  AMBIGUOUS_REFERENCE: "LayoutError",
  STORE_BUSY: "StoreError",
  STORE_UNAVAILABLE: "StoreError",
  STORE_CONTENT_MISMATCH: "StoreError",
  STORE_UNSUITABLE: "StoreError",
  REGISTRY_ERROR: "RegistryError",
  UNSUPPORTED: "RegistryError",
  AUTH_FAILED: "AuthError",
  INTERNAL: "InternalError",
  INVALID_DIGEST: "OciError",
  UNSUPPORTED_ALGORITHM: "OciError",
  INVALID_HASH_STATE: "OciError",
  INVALID_MEDIA_TYPE: "OciError",
  INVALID_PLATFORM: "OciError",
  INVALID_PURL: "OciError",
  PLATFORM_NOT_FOUND: "OciError",
  CONTENT_FAILED: "OciError",
  INVALID_URL: "OciError",
  INVALID_HEADER: "OciError",
  INVALID_ARGUMENT: "OciError",
  ABORTED: "OciError",
};
const CODES = Object.keys(CLASS_OF_CODE) as errors.ErrorCode[];

describe("errorFrom", () => {
  test.each(CODES)("%s becomes an error of its class, with code, message and cause", (code) => {
    const cause = new Error("below");
    const error = errors.errorFrom({ code, message: "what happened" }, cause);
    expect(error).toBeInstanceOf(CLASSES[CLASS_OF_CODE[code]]);
    expect(error).toBeInstanceOf(errors.OciError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(CLASS_OF_CODE[code]);
    expect(error.code).toBe(code);
    expect(error.message).toBe("what happened");
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe(`${CLASS_OF_CODE[code]}: what happened`);
  });

  test("carries the details that belong to the class", () => {
    const at = { offset: 9, line: 2, column: 3 };
    expect(errors.errorFrom({ code: "INVALID_JSON", message: "", ...at })).toMatchObject(at);
    const answer = {
      status: 404,
      errors: [{ code: "NAME_UNKNOWN" }],
      url: "https://r.example/v2/",
      retryAfter: 5,
    };
    expect(errors.errorFrom({ code: "REGISTRY_ERROR", message: "", ...answer })).toMatchObject(answer);
    const digests = { expected: "sha256:aa", actual: "sha256:bb" };
    expect(errors.errorFrom({ code: "DIGEST_MISMATCH", message: "", ...digests })).toMatchObject(digests);
    const sizes = { expected: 3, actual: 2, url: "https://r.example/" };
    expect(errors.errorFrom({ code: "BODY_TRUNCATED", message: "", ...sizes })).toMatchObject(sizes);
  });

  test("makes no property of a detail that was not given, nor a cause of nothing", () => {
    const error = errors.errorFrom({ code: "INVALID_JSON", message: "" });
    expect(Object.keys(error)).toEqual(["code"]);
    expect("cause" in error).toBe(false);
  });
});

describe("instanceof", () => {
  test("tells the classes apart", () => {
    const timeout = new errors.TransferError("TIMEOUT", "");
    expect(timeout instanceof errors.TransferError).toBe(true);
    expect(timeout instanceof errors.ManifestError).toBe(false);
    expect(new errors.OciError("ABORTED", "") instanceof errors.TransferError).toBe(false);
    for (const other of [new Error(""), {}, null, undefined, "OciError", 1]) {
      expect(other instanceof errors.OciError).toBe(false);
    }
  });

  test("holds across two copies of the package", async () => {
    vi.resetModules();
    const copy: typeof errors = await import("../../js/errors.ts");
    expect(copy.OciError).not.toBe(errors.OciError);
    const error = new copy.TransferError("TIMEOUT", "");
    expect(error instanceof errors.TransferError).toBe(true);
    expect(error instanceof errors.OciError).toBe(true);
    expect(error instanceof errors.AuthError).toBe(false);
  });

  test("keeps its ordinary meaning for a subclass of the user's", () => {
    class Mine extends errors.TransferError {}
    expect(new Mine("TIMEOUT", "") instanceof Mine).toBe(true);
    expect(new Mine("TIMEOUT", "") instanceof errors.OciError).toBe(true);
    expect(new errors.TransferError("TIMEOUT", "") instanceof Mine).toBe(false);
  });
});

test("toJSON gives name, code, message and details, and leaves the cause out", () => {
  const cause = new Error("https://user:secret@r.example/");
  const error = errors.errorFrom({ code: "SIZE_MISMATCH", message: "too many", expected: 3, actual: 4 }, cause);
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: "TransferError",
    code: "SIZE_MISMATCH",
    message: "too many",
    expected: 3,
    actual: 4,
  });
});

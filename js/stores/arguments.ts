/** What every store checks before it does anything. */
import { OciError, StoreError, type StoreErrorCode } from "../errors.js";
import { isCount } from "../stream.js";
import type { GetOptions, ListOptions, PutOptions } from "./object-store.js";

/** Bytes that a key may have. */
export const MAX_KEY = 1024;
/** Keys that are deleted, or listed, at once. */
const MAX_KEYS = 1000;

const encoder = new TextEncoder();

/** The key's bytes: 1 to 1024 of UTF-8. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(wellFormed(key));
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_KEY) {
    throw invalid(`a key has 1 to ${MAX_KEY} bytes of UTF-8, not ${bytes.byteLength}`);
  }
  return bytes;
}

/** Keys to delete. */
export function checkKeys(keys: readonly string[]): void {
  if (keys.length > MAX_KEYS) throw invalid(`at most ${MAX_KEYS} keys at once, not ${keys.length}`);
  for (const key of keys) keyBytes(key);
}

/** How a listing is limited. */
export function checkList(prefix: string, { after = "", limit = MAX_KEYS }: ListOptions): number {
  wellFormed(prefix);
  wellFormed(after);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_KEYS) {
    throw invalid(`limit is 1 to ${MAX_KEYS}, not ${limit}`);
  }
  return limit;
}

/** What is put, and on which condition. */
export function checkPut(key: string, content: unknown, options: PutOptions): void {
  keyBytes(key);
  const { size, ifAbsent, ifVersion, sha256 } = options;
  const streamed = !(content instanceof Uint8Array);
  if (streamed && typeof (content as ReadableStream | undefined)?.getReader !== "function") {
    throw invalid("content is a Uint8Array or a ReadableStream");
  }
  if (size !== undefined && !isCount(size)) throw invalid(`size is no number of bytes: ${size}`);
  if (ifAbsent && ifVersion !== undefined) throw invalid("ifAbsent and ifVersion exclude one another");
  if (streamed && size === undefined && (ifAbsent || ifVersion !== undefined)) {
    throw invalid("a stream without size is put without a condition");
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw invalid("sha256 is 64 digits of lower-case hexadecimal");
  if (!streamed && size !== undefined && size !== content.byteLength) throw wrongSize(size);
}

/** The part of an object of this size that is meant, up to before `end`; all of it where no range is given. */
export function partOf(range: GetOptions["range"], size: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: size };
  checkRange(range);
  if (range.start >= size) throw beyond(range.start, size);
  return { start: range.start, end: Math.min(range.end + 1, size) };
}

/** Whether a range is one. */
export function checkRange(range: GetOptions["range"]): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (!isCount(start) || !isCount(end) || start > end) {
    throw invalid("a range is two whole numbers of bytes with start ≤ end");
  }
}

/** The range begins at or behind the end. */
export function beyond(start: number, size: number | string): RangeError {
  return new RangeError(`the range starts at ${start}, but there are ${size} bytes`);
}

/** The content is not of the size that was said. */
export function wrongSize(size: number, code: StoreErrorCode = "STORE_CONTENT_MISMATCH"): StoreError {
  return new StoreError(code, `not the ${size} bytes that were said`);
}

/** The content is not of the hash that was said. */
export function wrongHash(): StoreError {
  return new StoreError("STORE_CONTENT_MISMATCH", "the content is not of the SHA-256 that was said");
}

export function invalid(message: string): OciError {
  return new OciError("INVALID_ARGUMENT", message);
}

function wellFormed(text: string): string {
  if (typeof text !== "string" || !text.isWellFormed()) throw invalid("a key is well-formed text");
  return text;
}

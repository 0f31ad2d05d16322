import { OciError } from "./errors.js";

/**
 * Bytes as they are, or a text's in UTF-8. Throws an {@link OciError} `INVALID_ARGUMENT` for anything else, and for a text with
 * half of a surrogate pair: it has no bytes, and those of U+FFFD, which the encoder gives for it, are another text's.
 */
export function toBytes(data: Uint8Array | ArrayBuffer | string): Uint8Array {
  if (typeof data === "string") return encoded(data);
  const bytes = isBuffer(data) ? new Uint8Array(data) : viewed(data);
  if (bytes === undefined) throw new OciError("INVALID_ARGUMENT", "the data is neither bytes nor a text");
  return bytes;
}

function encoded(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new OciError("INVALID_ARGUMENT", "the text holds half of a surrogate pair");
  return new TextEncoder().encode(text);
}

/** The bytes that a value is a view of; undefined if it is none. */
export function viewed(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

// By its tag, because a buffer of another realm (a frame, a test's sandbox) is an instance of another class.
function isBuffer(value: unknown): value is ArrayBuffer {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

/** The most bytes that are copied into the core at once: its memory grows, and never shrinks. Larger ones are hashed no faster. */
const PIECE = 64 * 1024;

/** The bytes in pieces that the core can take. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

import { type Algorithm, algorithmOf, isAlgorithm, unsupportedAlgorithm } from "./digest.js";
import { type HashEngine, hashEngine } from "./engine/engine.js";
import { DigestMismatchError, ManifestError, OciError, TransferError } from "./errors.js";
import { ByteSource, type ReadOptions } from "./source.js";

export type { ReadOptions } from "./source.js";

/** What a stream is expected to hold. */
export interface Expected {
  /** `algorithm:encoded` (image-spec, "Digests"). */
  digest: string;
  /** Bytes. */
  size?: number | undefined;
}

/** A slice of the whole, in bytes counted from 0. Both ends belong to it, as in an HTTP `Range`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Options of {@link digestStream}. */
export interface DigestOptions extends ReadOptions {
  /** `sha256` if not given. */
  algorithm?: Algorithm | undefined;
}

/** Options of {@link verifyStream}. */
export interface VerifyOptions extends ReadOptions {
  /** Emits this slice only. The whole is read and hashed all the same. An end past the last byte means the last byte. */
  range?: ByteRange | undefined;
  /**
   * Whether the host may have decoded the body on the way (`Content-Encoding`): then other bytes are no proof that the
   * sender's are bad, and the error is `CONTENT_ENCODED`.
   */
  contentEncoded?: boolean | undefined;
}

/**
 * Reads a stream to its end and returns its digest and its size in bytes, in constant memory and with the host's
 * fastest hash.
 */
export async function digestStream(
  stream: ReadableStream<Uint8Array>,
  options: DigestOptions = {},
): Promise<{ digest: string; size: number }> {
  const { algorithm = "sha256" } = options;
  if (!isAlgorithm(algorithm)) {
    throw unsupportedAlgorithm(algorithm);
  }
  const { engine, source } = open(algorithm, stream, options);
  try {
    let size = 0;
    for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
      size += chunk.byteLength;
      await engine.update(chunk);
    }
    return { digest: `${algorithm}:${await engine.digest()}`, size };
  } catch (error) {
    source.cancel(error).catch(() => {});
    throw error;
  } finally {
    engine.dispose();
  }
}

/**
 * The same bytes, verified: the last one is withheld until the source has ended and the whole has the expected size
 * and digest, so a reader that comes to the end holds good bytes, and a bad body never ends in good order.
 * Memory is constant: at most one chunk is held, and none is read before it is asked for. A chunk belongs to the
 * stream once the source has handed it over, and must not be written to again.
 *
 * The stream fails with `SIZE_MISMATCH` as soon as there are too many bytes, `BODY_TRUNCATED` if it ends in good
 * order with too few, `DIGEST_MISMATCH`, `CONNECTION_LOST` if the source fails (an error of this package passes as
 * it is), `TIMEOUT`, or the signal's reason. The call itself throws `INVALID_DIGEST`, `UNSUPPORTED_ALGORITHM` or
 * `INVALID_ARGUMENT`, and then leaves the source alone.
 */
export function verifyStream(
  stream: ReadableStream<Uint8Array>,
  expected: Expected,
  options: VerifyOptions = {},
): ReadableStream<Uint8Array> {
  const algorithm = algorithmOf(expected.digest);
  const { size } = expected;
  if (size !== undefined && !isCount(size)) {
    throw new OciError("INVALID_ARGUMENT", `size must be a whole number of bytes, not ${String(size)}`);
  }
  const range = checkedRange(options.range, size);

  let interrupt = (_reason: unknown): void => {};
  const { engine, source } = open(algorithm, stream, options, (reason) => interrupt(reason));
  const verification = new Verification(source, engine, {
    ...expected,
    algorithm,
    range,
    contentEncoded: options.contentEncoded ?? false,
  });
  return new ReadableStream(
    {
      start(controller) {
        interrupt = (reason) => {
          engine.dispose();
          controller.error(reason);
        };
        if (options.signal?.aborted) {
          interrupt(options.signal.reason);
        }
      },
      async pull(controller) {
        try {
          const { bytes, last } = await verification.next();
          if (bytes !== undefined) {
            controller.enqueue(bytes);
          }
          if (last) {
            engine.dispose();
            controller.close();
          }
        } catch (error) {
          engine.dispose();
          source.cancel(error).catch(() => {});
          throw error;
        }
      },
      async cancel(reason) {
        engine.dispose();
        await source.cancel(reason);
      },
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}

/** Bytes as a stream of pieces, so that nobody has to take, or to hash, all of them at once. */
export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at < bytes.byteLength) controller.enqueue(bytes.subarray(at, at + PIECE));
        at += PIECE;
        if (at >= bytes.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Reads a stream into memory. Fails with `TOO_LARGE`, and cancels it, as soon as it exceeds `limit` bytes. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  options: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new ManifestError("TOO_LARGE", `more than ${limit} bytes`, { expected: limit });
  const bytes = await readStart(stream, limit + 1, options, tooLarge);
  if (bytes.byteLength > limit) throw tooLarge();
  return bytes;
}

/** Reads no more than the first `most` bytes of a stream into memory. It is cancelled, for a reason, as soon as they are there. */
export async function readStart(
  stream: ReadableStream<Uint8Array>,
  most: number,
  options: ReadOptions = {},
  reason: () => unknown = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = new ByteSource(stream, options);
  // One growing buffer, not a list of chunks: a sender of single bytes would make the list a hundred times their size.
  let buffer = new Uint8Array(Math.min(most, 16 * 1024));
  let size = 0;
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
    const end = Math.min(size + chunk.byteLength, most);
    if (end > buffer.byteLength) {
      const larger = new Uint8Array(Math.min(most, Math.max(end, 2 * buffer.byteLength)));
      larger.set(buffer.subarray(0, size));
      buffer = larger;
    }
    buffer.set(chunk.subarray(0, end - size), size);
    size = end;
    if (size === most) {
      source.cancel(reason()).catch(() => {});
      break;
    }
  }
  return size === buffer.byteLength ? buffer : buffer.slice(0, size);
}

/** Bytes of a piece of what is in memory. */
const PIECE = 256 * 1024;

interface Emission {
  bytes: Uint8Array | undefined;
  last: boolean;
}

/** Hashes everything, emits the slice, and keeps back what may be its end. */
class Verification {
  readonly #source: ByteSource;
  readonly #engine: HashEngine;
  readonly #digest: string;
  readonly #contentEncoded: boolean;
  readonly #algorithm: Algorithm;
  readonly #size: number | undefined;
  readonly #start: number;
  /** The offset that follows the slice, as far as it is known. */
  readonly #stop: number;
  #received = 0;
  #held: Uint8Array | undefined;

  constructor(
    source: ByteSource,
    engine: HashEngine,
    {
      digest,
      algorithm,
      size,
      range,
      contentEncoded,
    }: Expected & {
      algorithm: Algorithm;
      range: ByteRange | undefined;
      contentEncoded: boolean;
    },
  ) {
    this.#source = source;
    this.#engine = engine;
    this.#digest = digest;
    this.#contentEncoded = contentEncoded;
    this.#algorithm = algorithm;
    this.#size = size;
    this.#start = range?.start ?? 0;
    this.#stop = Math.min(
      range === undefined ? Number.POSITIVE_INFINITY : range.end + 1,
      size ?? Number.POSITIVE_INFINITY,
    );
  }

  async next(): Promise<Emission> {
    for (;;) {
      const chunk = await this.#source.read();
      if (chunk === undefined) {
        await this.#verify();
        return { bytes: this.#held, last: true };
      }
      const offset = this.#received;
      this.#count(chunk);
      const hashed = this.#engine.update(chunk);
      // Awaiting nothing is not free either: with chunks of 16 KiB it shows.
      if (hashed !== undefined) {
        await hashed;
      }
      const bytes = this.#release(chunk, offset);
      if (bytes !== undefined) {
        return { bytes, last: false };
      }
    }
  }

  #count(chunk: Uint8Array): void {
    this.#received += chunk.byteLength;
    if (this.#size !== undefined && this.#received > this.#size) {
      throw new TransferError("SIZE_MISMATCH", `more than the ${this.#size} bytes that were declared`, {
        expected: this.#size,
        actual: this.#received,
      });
    }
  }

  /** What may be emitted now that the chunk has come. */
  #release(chunk: Uint8Array, offset: number): Uint8Array | undefined {
    const from = Math.max(this.#start - offset, 0);
    const to = Math.min(this.#stop - offset, chunk.byteLength);
    if (from >= to) {
      return undefined;
    }
    const bytes = from === 0 && to === chunk.byteLength ? chunk : chunk.subarray(from, to);
    if (this.#size !== undefined && offset + to < this.#stop) {
      return bytes;
    }
    const previous = this.#held;
    this.#held = bytes;
    return previous;
  }

  async #verify(): Promise<void> {
    if (this.#size !== undefined && this.#received < this.#size) {
      throw new TransferError(
        "BODY_TRUNCATED",
        `the body ended after ${this.#received} of the ${this.#size} bytes that were declared`,
        { expected: this.#size, actual: this.#received },
      );
    }
    const actual = `${this.#algorithm}:${await this.#engine.digest()}`;
    if (actual !== this.#digest && this.#contentEncoded) {
      throw new TransferError("CONTENT_ENCODED", "the body was content-encoded, and decoded on the way", {
        expected: this.#digest,
        actual,
      });
    }
    if (actual !== this.#digest) {
      throw new DigestMismatchError(this.#digest, actual);
    }
    if (this.#start > 0 && this.#start >= this.#received) {
      throw pastTheEnd(this.#start, this.#received);
    }
  }
}

// The engine comes first: if there is none, the source is still the caller's.
function open(
  algorithm: Algorithm,
  stream: ReadableStream<Uint8Array>,
  options: ReadOptions,
  onInterrupt?: (reason: unknown) => void,
): { engine: HashEngine; source: ByteSource } {
  const engine = hashEngine(algorithm);
  try {
    return { engine, source: new ByteSource(stream, options, onInterrupt) };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** The range, if it is one, and begins within `size` bytes. */
export function checkedRange(range: ByteRange | undefined, size: number | undefined): ByteRange | undefined {
  if (range === undefined) {
    return undefined;
  }
  const { start, end } = range;
  if (!isCount(start) || !isCount(end) || start > end) {
    throw new OciError("INVALID_ARGUMENT", "range must be whole numbers of bytes with start ≤ end");
  }
  if (size !== undefined && start >= size) {
    throw pastTheEnd(start, size);
  }
  return { start, end };
}

/** The error of a range that begins after the last byte. */
export function pastTheEnd(start: number, size: number): OciError {
  return new OciError("INVALID_ARGUMENT", `range starts at ${start}, but there are ${size} bytes`);
}

/** Whether it is a whole number of bytes, or of anything else. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

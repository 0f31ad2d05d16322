/** Bytes on their way into a store and out of it. */
import { StoreError } from "../errors.js";
import { ByteSource } from "../source.js";
import { wrongSize } from "./arguments.js";

/** A stream that is put: its bytes, as many as were said. */
export class Incoming {
  readonly #source: ByteSource;
  readonly #size: number | undefined;
  #received = 0;
  /** What the stream, its size or the signal has failed with. */
  failure: { readonly reason: unknown } | undefined;
  /** What came, and was not asked for yet. */
  #rest: Uint8Array | undefined;

  constructor(stream: ReadableStream<Uint8Array>, size: number | undefined, signal: AbortSignal | undefined) {
    this.#source = new ByteSource(stream, { signal });
    this.#size = size;
  }

  /** How many bytes have come. */
  get received(): number {
    return this.#received;
  }

  /** The next bytes; `undefined` behind the last. A copy where the source keeps what it hands out. */
  async read(): Promise<Uint8Array | undefined> {
    try {
      const chunk = await this.#source.read();
      this.#received += chunk?.byteLength ?? 0;
      const size = this.#size;
      if (size !== undefined && this.#received > size) throw wrongSize(size, "more");
      if (size !== undefined && chunk === undefined && this.#received < size) throw wrongSize(size, "fewer");
      return chunk;
    } catch (reason) {
      this.failure ??= { reason };
      await this.cancel(reason);
      throw reason;
    }
  }

  /** The next `count` bytes, or all that are left. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    let buffer = new Uint8Array(Math.min(count, FIRST));
    let filled = 0;
    while (filled < count) {
      const chunk = this.#rest ?? (await this.read());
      this.#rest = undefined;
      if (chunk === undefined) break;
      const part = chunk.subarray(0, count - filled);
      if (part.byteLength < chunk.byteLength) this.#rest = chunk.slice(part.byteLength);
      if (filled + part.byteLength > buffer.byteLength) {
        const larger = new Uint8Array(Math.min(count, Math.max(filled + part.byteLength, 2 * buffer.byteLength)));
        larger.set(buffer.subarray(0, filled));
        buffer = larger;
      }
      buffer.set(part, filled);
      filled += part.byteLength;
    }
    return buffer.subarray(0, filled);
  }

  /** The bytes as a stream, for a host that takes one. */
  stream(): ReadableStream<Uint8Array> {
    return streamed(this);
  }

  /** Nothing more is wanted of it. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#source.cancel(reason).catch(() => {});
  }
}

const FIRST = 64 * 1024;

/** The body of an object that is read: it ends when the signal says so, and errors unless as many bytes come as there should. */
export function outgoing(
  body: ReadableStream<Uint8Array>,
  size: number,
  options: { signal?: AbortSignal | undefined; idleTimeout?: number | undefined },
): ReadableStream<Uint8Array> {
  const source = new ByteSource(body, options);
  let left = size;
  return streamed({
    async read() {
      const chunk = await source.read();
      left -= chunk?.byteLength ?? 0;
      if (left >= 0 && (chunk !== undefined || left === 0)) return chunk;
      const error = new StoreError("STORE_UNAVAILABLE", "the object's body is not of its size");
      source.cancel(error).catch(() => {});
      throw error;
    },
    cancel: (reason) => source.cancel(reason),
  });
}

function streamed(source: {
  read(): Promise<Uint8Array | undefined>;
  cancel(reason: unknown): Promise<void>;
}): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const chunk = await source.read();
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => source.cancel(reason),
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}

/** A stream whose content is not wanted. */
export async function discard(content: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  if (!(content instanceof Uint8Array)) await content.cancel().catch(() => {});
}

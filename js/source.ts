import { viewed } from "./bytes.js";
import { OciError, TransferError } from "./errors.js";

/** How long and for whom a stream is read. */
export interface ReadOptions {
  /** Ends the reading: the source is cancelled, and the error is the signal's own reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that may pass without a byte while one is being waited for. Without it, no limit. */
  idleTimeout?: number | undefined;
}

type Chunk = ReadableStreamReadResult<Uint8Array>;

/**
 * Reads a stream of bytes chunk by chunk, and says in our own errors why it stopped: `CONNECTION_LOST` if the source
 * failed, `TIMEOUT` if it fell silent, the signal's reason if that fired. Nobody waits longer than signal and timeout
 * allow, even on a source that never answers.
 */
export class ByteSource {
  readonly #next: () => Promise<Chunk>;
  readonly #cancel: (reason: unknown) => Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #idleTimeout: number | undefined;
  readonly #onInterrupt: ((reason: unknown) => void) | undefined;
  #state: { ended: false } | { ended: true; failure?: { reason: unknown } } = { ended: false };
  #reject: ((reason: unknown) => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitingSince = 0;

  /** `onInterrupt` is told of an abort or timeout at once, even while nobody reads. */
  constructor(
    stream: ReadableStream<Uint8Array>,
    { signal, idleTimeout }: ReadOptions,
    onInterrupt?: (reason: unknown) => void,
  ) {
    if (idleTimeout !== undefined && !(idleTimeout > 0 && idleTimeout <= 0x7fff_ffff)) {
      throw new OciError("INVALID_ARGUMENT", "idleTimeout must be positive, and at most 2147483647 milliseconds");
    }
    const { next, cancel } = openReader(stream);
    this.#next = next;
    this.#cancel = cancel;
    this.#signal = signal;
    this.#idleTimeout = idleTimeout;
    this.#onInterrupt = onInterrupt;
    if (signal?.aborted) {
      this.#abort();
    } else {
      signal?.addEventListener("abort", this.#abort);
    }
  }

  /** The next chunk that holds a byte, or undefined once the source has ended. */
  read(): Promise<Uint8Array | undefined> {
    if (this.#state.ended) {
      const { failure } = this.#state;
      return failure ? Promise.reject(failure.reason) : Promise.resolve(undefined);
    }
    this.#startWaiting();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#readInto(resolve);
    });
  }

  /** Gives up the source: nothing more will be read. */
  async cancel(reason?: unknown): Promise<void> {
    if (!this.#state.ended) {
      this.#end({ reason });
      await this.#cancel(reason);
    }
  }

  #readInto(resolve: (chunk: Uint8Array | undefined) => void): void {
    this.#next().then(
      ({ done, value }) => {
        if (this.#state.ended) {
          return;
        }
        if (done) {
          this.#end();
          resolve(undefined);
          return;
        }
        const chunk = viewed(value);
        if (chunk === undefined) {
          this.#interrupt(new OciError("INVALID_ARGUMENT", "the stream holds something that is not bytes"));
        } else if (chunk.byteLength > 0) {
          this.#reject = undefined;
          resolve(chunk);
        } else if (this.#remaining() <= 0) {
          // A source of empty chunks alone would keep the timer from ever running.
          this.#timedOut();
        } else {
          this.#readInto(resolve);
        }
      },
      (error: unknown) => {
        if (!this.#state.ended) {
          this.#end({ reason: this.#translate(error) });
        }
      },
    );
  }

  #translate(error: unknown): unknown {
    if (this.#signal?.aborted) {
      return this.#signal.reason;
    }
    if (error instanceof OciError) {
      return error;
    }
    return new TransferError("CONNECTION_LOST", "the connection broke in the middle of a body", {}, { cause: error });
  }

  readonly #abort = (): void => {
    this.#interrupt(this.#signal?.reason);
  };

  #timedOut(): void {
    this.#interrupt(new TransferError("TIMEOUT", `no byte came for ${this.#idleTimeout} ms`));
  }

  #interrupt(reason: unknown): void {
    if (!this.#state.ended) {
      this.#end({ reason });
      this.#cancel(reason).catch(() => {});
      this.#onInterrupt?.(reason);
    }
  }

  #end(failure?: { reason: unknown }): void {
    this.#state = failure ? { ended: true, failure } : { ended: true };
    this.#signal?.removeEventListener("abort", this.#abort);
    clearTimeout(this.#timer);
    if (failure) {
      this.#reject?.(failure.reason);
    }
    this.#reject = undefined;
  }

  // A timer for each chunk would cost more than the chunk: one timer runs on, and looks at the clock when it fires.
  #startWaiting(): void {
    if (this.#idleTimeout !== undefined) {
      this.#waitingSince = performance.now();
      this.#timer ??= setTimeout(this.#tick, this.#idleTimeout);
    }
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    if (this.#reject === undefined) {
      // Nobody waits for the source: how long its reader takes is no fault of it.
      return;
    }
    const remaining = this.#remaining();
    if (remaining <= 0) {
      this.#timedOut();
    } else {
      this.#timer = setTimeout(this.#tick, Math.ceil(remaining));
    }
  };

  #remaining(): number {
    if (this.#idleTimeout === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    return this.#waitingSince + this.#idleTimeout - performance.now();
  }
}

function openReader(stream: ReadableStream<Uint8Array>): {
  next: () => Promise<Chunk>;
  cancel: (reason: unknown) => Promise<void>;
} {
  // By what it can do: a stream of another realm or library is an instance of another class.
  if (typeof stream?.getReader !== "function" || stream.locked) {
    throw new OciError("INVALID_ARGUMENT", "not a readable stream, or one that somebody reads already");
  }
  const byob = deliversTinyChunks() ? byobReader(stream) : undefined;
  if (byob !== undefined) {
    return { next: largeChunks(byob), cancel: (reason) => byob.cancel(reason) };
  }
  const reader = stream.getReader();
  return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
}

// workerd hands out a body 4 KiB at a time unless the reader brings a buffer: with 64 KiB ones it measured 7 times
// as fast, and with 128 KiB ones a tenth faster still. Elsewhere chunks are large, and a buffer of ours would only be one
// more copy. `readAtLeast` is workerd's own.
export function deliversTinyChunks(): boolean {
  return typeof ReadableStreamBYOBReader === "function" && "readAtLeast" in ReadableStreamBYOBReader.prototype;
}

function byobReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

const BUFFER_SIZE = 128 * 1024;

// A short read is copied out and its buffer used again: else each byte that trickles in would keep a whole one alive.
function largeChunks(reader: ReadableStreamBYOBReader): () => Promise<Chunk> {
  let buffer: ArrayBuffer | undefined;
  return async () => {
    const view = new Uint8Array(buffer ?? new ArrayBuffer(BUFFER_SIZE));
    buffer = undefined;
    const result = await reader.read(view);
    if (result.done || result.value.byteLength > BUFFER_SIZE / 2) {
      return result as Chunk;
    }
    buffer = result.value.buffer;
    return { done: false, value: result.value.slice() };
  };
}

/** What somebody works on, or the signal's reason. */
export async function orAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
  });
  try {
    // Also where it has been given up already: what fails when nobody listens would end the process.
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

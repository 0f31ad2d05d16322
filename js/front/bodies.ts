/** Bodies on their way into a store: of a request, and of a part of one. */
import { type BodySettings, HostBody } from "../core/host.js";
import { OciError, TransferError } from "../errors.js";
import { lending, streamed } from "../lent.js";

/** What hashes a portion; it lives in the core, which saves its state. */
export interface Tap {
  update(chunk: Uint8Array): void;
  end(): void;
  free(): void;
}

/** The body of a request: what was read of it and is not wanted yet can be put back. */
export class IncomingBody extends HostBody {
  #rest: Uint8Array | undefined;

  /** Whether a piece is good until the next one is asked for only. */
  readonly lends: boolean;

  /** How many of its bytes have come. */
  received = 0;

  constructor(stream: ReadableStream<Uint8Array> | null, settings: BodySettings, signal: AbortSignal | undefined) {
    const lent = stream === null ? undefined : lending(stream);
    super(lent ?? stream, settings, signal);
    this.lends = lent !== undefined;
  }

  /** The next piece, or `undefined` at the end. */
  override async read(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return rest;
    }
    try {
      const chunk = await this.next();
      this.received += chunk?.byteLength ?? 0;
      return chunk;
    } catch (cause) {
      // Else it is the reason for which the request was given up, whatever that is.
      if (cause instanceof OciError) throw cause;
      throw new TransferError("CONNECTION_LOST", "the request was given up", {}, { cause });
    }
  }

  /** The next piece of where it comes from. */
  protected async next(): Promise<Uint8Array | undefined> {
    return await super.read();
  }

  /** The next piece, of at most so many bytes. */
  async readUpTo(most: number): Promise<Uint8Array | undefined> {
    const chunk = await this.read();
    if (chunk === undefined || chunk.byteLength <= most) return chunk;
    this.#rest = chunk.subarray(most);
    return chunk.subarray(0, most);
  }

  /** All of it that was not read yet, from when it is read on. */
  override get stream(): ReadableStream<Uint8Array> {
    return streamed({ read: () => this.read() }, this.lends);
  }
}

/**
 * The next `size` bytes of a body, or all of them if that is negative, which errors where there are fewer. Each piece is hashed before it is
 * handed on. To cancel it leaves the body as it is.
 */
export function portion(body: IncomingBody, size: number, tap: Tap): ReadableStream<Uint8Array> {
  let left = size < 0 ? Number.POSITIVE_INFINITY : size;
  const end = () => {
    tap.end();
    tap.free();
  };
  const read = async () => {
    const chunk = left === 0 ? undefined : await body.readUpTo(left);
    if (chunk === undefined && left > 0 && size >= 0) {
      throw new TransferError("BODY_TRUNCATED", `the body ended ${left} bytes early`);
    }
    if (chunk !== undefined) {
      tap.update(chunk);
      left -= chunk.byteLength;
    }
    if (chunk === undefined || left === 0) end();
    return chunk;
  };
  // Whoever is told how many bytes come asks for no more behind the last of them.
  return streamed({ read, isOver: () => left === 0 }, body.lends);
}

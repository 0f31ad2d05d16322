/** Bytes on their way into a store and out of it. */
import { HostBody } from "../core/host.js";
import type { StoreErrorCode } from "../errors.js";
import type { ReadOptions } from "../source.js";
import { wrongSize } from "./arguments.js";
import type { PutOptions } from "./object-store.js";

/** What is put, or read: it fails unless it is of its size. */
export class SizedBody extends HostBody {
  /** In bytes; `undefined` if nobody knows it. */
  readonly size: number | undefined;
  readonly #code: StoreErrorCode;
  /** What is put at once, until it is read. */
  #bytes: Uint8Array | undefined;
  /** How many bytes have come. */
  received = 0;
  /** What the source, its size or the signal has failed with. */
  failure: { readonly reason: unknown } | undefined;

  /** `code` is that of another size. */
  constructor(
    content: Uint8Array | ReadableStream<Uint8Array>,
    { size, signal, idleTimeout }: Pick<PutOptions, "size"> & ReadOptions,
    code: StoreErrorCode = "STORE_CONTENT_MISMATCH",
  ) {
    const bytes = content instanceof Uint8Array ? content : undefined;
    super(bytes ? null : (content as ReadableStream<Uint8Array>), { idleTimeout }, signal);
    this.#bytes = bytes;
    this.size = bytes?.byteLength ?? size;
    this.#code = code;
  }

  /** The next bytes; `undefined` behind the last. */
  override async read(): Promise<Uint8Array | undefined> {
    try {
      const chunk = this.#bytes ?? (await super.read());
      this.#bytes = undefined;
      this.received += chunk?.byteLength ?? 0;
      const { size = this.received } = this;
      if (this.received > size || (chunk === undefined && this.received < size)) throw wrongSize(size, this.#code);
      return chunk;
    } catch (reason) {
      this.failure ??= { reason };
      this.cancel(reason);
      throw reason;
    }
  }
}

const UNWATCHED = { reading() {}, taken() {}, failed() {} };

/** The body of an object that is read: it ends when the signal says so, and errors unless as many bytes come as there should. */
export function outgoing(
  body: ReadableStream<Uint8Array>,
  size: number,
  options: ReadOptions,
): ReadableStream<Uint8Array> {
  return new SizedBody(body, { ...options, size }, "STORE_UNAVAILABLE").outgoing(UNWATCHED);
}

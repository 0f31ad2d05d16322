import type { ServerResponse } from "node:http";
import { OciError } from "../../errors.js";

/** Bytes of a piece of a body, at most: each costs changes of threads, and those of more leave the processor's caches. */
export const PIECE = 512 * 1024;

/** How many pieces of one response may be on their way: one that the socket has, and one behind it. */
const AHEAD = 2;

/** Bytes of a piece where many bodies are on their way at a time. */
const SMALL_PIECE = 64 * 1024;

/** Buffers of whole pieces that may be in use, so that those who read slowly, however many they are, take little memory. */
const MAX_LARGE = 64;
let large = 0;

/** Those of them that wait for the next response, and how many are kept: fresh memory costs more than what is read into it. */
const spare: Uint8Array[] = [];
const MAX_SPARE = 16;

/** A piece that is on its way, and the buffer that it is in. */
interface Slot {
  /** Ends when the system has the piece. */
  written: Promise<void>;
  buffer?: Uint8Array | undefined;
}

/** A response's body on its way to the client, piece by piece: one caller, one piece at a time. */
export class Outlet {
  readonly #response: ServerResponse;
  readonly #size: number;
  readonly #slots: Slot[] = Array.from({ length: AHEAD }, () => ({ written: Promise.resolve() }));
  #pieces = 0;
  #given = 0;
  #sent = 0;
  #isFlushed = false;

  /** `size` is what `Content-Length` says. */
  constructor(response: ServerResponse, size: number) {
    this.#response = response;
    this.#size = size;
  }

  /** How many bytes the system has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Waits until there is room for a piece. Rejects once the client has left. */
  async room(): Promise<void> {
    await this.#slot.written;
  }

  /** The same, and gives a buffer for that piece, which may be smaller than the `size` bytes that are to come. */
  async buffer(size: number): Promise<Uint8Array> {
    const slot = this.#slot;
    await slot.written;
    if (slot.buffer === undefined || slot.buffer.byteLength < Math.min(size, SMALL_PIECE))
      slot.buffer = newBuffer(size);
    return slot.buffer;
  }

  /**
   * Sends a piece, for which there is room. Its bytes must stay as they are until there is room for the next but one, or all is flushed.
   *
   * @throws RangeError if the body becomes larger than was said: who reads it would take what is beyond for the next response
   */
  put(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.#given += piece.byteLength;
    if (!(this.#given <= this.#size)) throw new RangeError("the body is larger than was said");
    const slot = this.#slot;
    this.#pieces += 1;
    slot.written = this.#write(piece);
    // It is waited for later.
    slot.written.catch(() => {});
  }

  /**
   * Waits until the system has all of the body.
   *
   * @throws RangeError if the body is smaller than was said
   */
  async flush(): Promise<void> {
    for (const { written } of this.#slots) await written;
    if (this.#sent < this.#size) throw new RangeError("the body is smaller than was said");
    this.#isFlushed = true;
  }

  /** Ends it. Its buffers are for others only if all was flushed: of what was cut, nobody knows whether something still reads them. */
  end(): void {
    for (const slot of this.#slots) {
      const { buffer } = slot;
      slot.buffer = undefined;
      if (buffer?.byteLength !== PIECE) continue;
      large -= 1;
      if (this.#isFlushed && spare.length < MAX_SPARE) spare.push(buffer);
    }
  }

  get #slot(): Slot {
    return this.#slots[this.#pieces % AHEAD] as Slot;
  }

  #write(piece: Uint8Array): Promise<void> {
    const response = this.#response;
    return new Promise((resolve, reject) => {
      const left = () => reject(new OciError("ABORTED", "the client has left"));
      if (response.destroyed) return left();
      response.once("close", left);
      response.write(piece, (error) => {
        response.off("close", left);
        if (error) return left();
        this.#sent += piece.byteLength;
        resolve();
      });
    });
  }
}

/** What is small gets no buffer that could hold more. */
function newBuffer(size: number): Uint8Array {
  if (size <= SMALL_PIECE || large === MAX_LARGE) return Buffer.allocUnsafeSlow(Math.min(size, SMALL_PIECE));
  large += 1;
  return spare.pop() ?? Buffer.allocUnsafeSlow(PIECE);
}

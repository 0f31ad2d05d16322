import { PIECE, takePiece } from "../pieces.js";
import type { Connection, Reader } from "./connection.js";

/** Pieces that are read ahead of whoever takes them. */
const PIECES_AHEAD = 1;

/** Milliseconds after which bytes are handed on that do not make a piece yet. */
const PATIENCE = 100;

/** A body of known length, the rest of which comes on a connection. */
export interface PieceBodyOptions {
  readonly connection: Connection;
  /** What has come of it. */
  readonly first: Uint8Array;
  /** How many bytes are to come: not 0. */
  readonly left: number;
  readonly signal: AbortSignal | null | undefined;
  /** Is told when they have, and nothing else with them: then the connection is there for the next request. */
  readonly done: () => void;
}

/**
 * A body that is read, past Node's parser, into pieces of memory, which whoever takes them has for good. It fails where the connection ends
 * before it does; what has come until then is handed on first.
 */
export function pieceBody(options: PieceBodyOptions): ReadableStream<Uint8Array> {
  let body: PieceBody;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        body = new PieceBody(controller, options);
      },
      pull: () => body.pull(),
      cancel: () => body.cancel(),
    },
    { highWaterMark: PIECES_AHEAD },
  );
}

class PieceBody implements Reader {
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  readonly #options: PieceBodyOptions;
  #left: number;
  /** What is being filled, and how far it is: the room, which the system may write to at any time but within `got`. */
  #piece: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Whether a piece was handed on since the timer was set. */
  #moves = false;
  #failure: { readonly error: Error } | undefined;
  #over = false;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>, options: PieceBodyOptions) {
    this.#controller = controller;
    this.#options = options;
    this.#left = options.left;
    const { connection, first, signal } = options;
    signal?.addEventListener("abort", this.#abort);
    if (first.byteLength > 0) controller.enqueue(first);
    connection.read(this);
  }

  /** Reads on. */
  pull(): void {
    if (this.#failure !== undefined) this.#fail();
    if (this.#over) return;
    this.#watch();
    this.#options.connection.resume();
  }

  cancel(): void {
    this.#end();
    this.#options.connection.destroy();
  }

  room(): Uint8Array {
    this.#piece ??= takePiece();
    return this.#piece.subarray(this.#filled);
  }

  got(bytes: Uint8Array): boolean {
    const own = bytes.subarray(0, this.#left);
    for (let at = 0; at < own.byteLength; ) {
      const room = this.room();
      const part = own.subarray(at, at + room.byteLength);
      // Read before this was their reader, or before the piece was emptied, they stand elsewhere.
      if (part.buffer !== room.buffer || part.byteOffset !== room.byteOffset) room.set(part);
      at += part.byteLength;
      this.#left -= part.byteLength;
      this.#filled += part.byteLength;
      if (this.#filled === PIECE || this.#left === 0) this.#handOn();
    }
    if (this.#left > 0) {
      this.#watch();
      return this.#isWanted;
    }
    this.#end();
    this.#controller.close();
    if (own.byteLength === bytes.byteLength) this.#options.done();
    else this.#options.connection.destroy();
    return true;
  }

  ended(error = new Error("the connection was closed")): void {
    if (this.#over) return;
    this.#empty();
    this.#failure = { error };
    if (this.#isWanted) this.#fail();
  }

  get #isWanted(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  /** Hands the piece on: within `got` alone. */
  #handOn(): void {
    const bytes = this.#piece?.subarray(0, this.#filled);
    this.#piece = undefined;
    this.#filled = 0;
    this.#moves = true;
    if (bytes !== undefined) this.#controller.enqueue(bytes);
  }

  /** Hands on a copy of what there is of the piece, which stays the system's to write to. */
  #empty(): void {
    if (this.#piece === undefined || this.#filled === 0) return;
    this.#controller.enqueue(this.#piece.slice(0, this.#filled));
    this.#filled = 0;
  }

  /** Sees to it that bytes which came do not wait for long. */
  #watch(): void {
    if (this.#filled === 0 || this.#timer !== undefined) return;
    this.#moves = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#moves) this.#watch();
      else if (this.#isWanted) this.#empty();
    }, PATIENCE);
  }

  #fail(): void {
    if (this.#end()) this.#controller.error(this.#failure?.error);
  }

  readonly #abort = (): void => {
    const { connection, signal } = this.#options;
    if (!this.#end()) return;
    this.#controller.error(signal?.reason);
    connection.destroy();
  };

  /** Whether it had not ended yet. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    return true;
  }
}

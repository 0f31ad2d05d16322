import { moved } from "./garbage.js";

/** Bytes of a piece of what is moved. */
export const PIECE = 512 * 1024;

/** Pieces that wait for the next bytes, at most: what a copy has on its way at any time. */
const MAX_SPARE = 32;

const spare: ArrayBuffer[] = [];
/** The buffers that {@link takePiece} gave, and nobody gave back. */
const given = new WeakSet<ArrayBufferLike>();

/** Memory of {@link PIECE} bytes, whatever is in it. It may be given back; if it is not, it is garbage like any other. */
export function takePiece(): Uint8Array<ArrayBuffer> {
  let buffer = spare.pop();
  if (buffer === undefined) {
    buffer = new ArrayBuffer(PIECE);
    moved(PIECE);
  }
  given.add(buffer);
  return new Uint8Array(buffer);
}

/** Takes the memory of a piece back, which nobody may look at any more; after a transfer between threads, too. */
export function givePiece(buffer: ArrayBuffer): void {
  given.delete(buffer);
  if (spare.length < MAX_SPARE) spare.push(buffer);
}

/** Whether bytes are the beginning of a piece: then whoever has them may pass on its memory with them. */
export function isPiece(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.byteOffset === 0 && given.has(bytes.buffer);
}

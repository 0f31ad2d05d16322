import { LayoutError, TransferError } from "../errors.js";
import type { RandomAccess } from "./random-access.js";

/** Whether there is what gzip begins with (RFC 1952). */
export async function isGzip(access: RandomAccess, start: number): Promise<boolean> {
  const [first, second] = await access.read(start, 2);
  return first === 0x1f && second === 0x8b;
}

/** The stream without gzip. */
export function gunzip(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return stream.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>);
}

/** Says of gzip that is broken what it is: to a reader it is a stream that failed. */
export function brokenGzip(error: unknown): never {
  if (!(error instanceof TransferError) || error.code !== "CONNECTION_LOST") throw error;
  throw new LayoutError("INVALID_ARCHIVE", "compressed by gzip, but broken", { cause: error });
}

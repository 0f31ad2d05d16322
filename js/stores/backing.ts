import type { FileHandle } from "../files/host.js";

/**
 * What an object's body is read from, for a host that sends that by itself, with no web stream between: a part of a file, from `start` to before
 * `end`, or bytes that the store holds and never writes to. Whoever goes by it leaves the body alone, and closes the file.
 */
export type Backing =
  | { readonly handle: FileHandle; readonly start: number; readonly end: number }
  | { readonly bytes: Uint8Array<ArrayBuffer> };

/** By the body: whoever wraps a store and gives its objects other bodies gives some without a backing. */
const backings = new WeakMap<ReadableStream, Backing>();

/** The body, of which it is said what it is read from. */
export function backed(body: ReadableStream<Uint8Array>, backing: Backing): ReadableStream<Uint8Array> {
  backings.set(body, backing);
  return body;
}

/** What a body is read from that nobody reads yet, if that is known. */
export function backingOf(body: ReadableStream<Uint8Array>): Backing | undefined {
  return body.locked ? undefined : backings.get(body);
}

/** All bytes of what a body is read from. Closes the file; rejects if that is shorter than it was. */
export async function readBacking(backing: Backing): Promise<Uint8Array<ArrayBuffer>> {
  if ("bytes" in backing) return backing.bytes.slice();
  const { handle, start, end } = backing;
  try {
    const bytes = new Uint8Array(end - start);
    for (let filled = 0; filled < bytes.byteLength; ) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, start + filled);
      if (bytesRead === 0) throw new RangeError("the file ended early");
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

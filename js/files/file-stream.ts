import type { FileHandle } from "./host.js";

const CHUNK = 256 * 1024;

/** What of a file is read, and what becomes of it. */
export interface FileStreamOptions {
  /** The file's name, for errors. */
  readonly path: string;
  /** The bytes from `start` to before `end`; without it, from where the file is, to its end. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Whether the file stays open when the stream has ended. */
  readonly keep?: boolean;
}

/** A file as a stream of bytes, of which little is held at any time. */
export function fileStream(handle: FileHandle, { path, range, keep }: FileStreamOptions): ReadableStream<Uint8Array> {
  let at = range?.start;
  const close = async () => {
    if (!keep) await handle.close();
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const length = Math.min(CHUNK, (range?.end ?? Number.POSITIVE_INFINITY) - (at ?? 0));
          const read = length === 0 ? 0 : await readInto(handle, controller, length, at ?? null);
          if (at !== undefined) at += read;
          if (read > 0) return;
        } catch (error) {
          await close();
          throw Object.assign(error instanceof Error ? error : new Error(String(error)), { path });
        }
        await close();
        controller.close();
      },
      cancel: close,
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}

async function readInto(
  handle: FileHandle,
  controller: ReadableStreamDefaultController<Uint8Array>,
  length: number,
  position: number | null,
): Promise<number> {
  // A buffer for each chunk: whoever got one may keep it.
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, position);
  if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
  return bytesRead;
}

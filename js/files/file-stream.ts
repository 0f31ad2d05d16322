import type { FileHandle } from "./host.js";

const CHUNK = 256 * 1024;

/** What of a file is read, and what becomes of it. */
export interface FileStreamOptions {
  /** The file's name, for errors that are to have it. */
  readonly path?: string;
  /** The bytes from `start` to before `end`; without it, from where the file is, to its end. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Whether the file stays open when the stream has ended. */
  readonly keep?: boolean;
}

/** A file as a stream of bytes, of which little is held at any time. */
export function fileStream(handle: FileHandle, { path, range, keep }: FileStreamOptions): ReadableStream<Uint8Array> {
  let at = range?.start ?? null;
  const close = async () => {
    if (!keep) await handle.close();
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          // A buffer for each chunk: whoever got one may keep it.
          const buffer = new Uint8Array(Math.min(CHUNK, range && at !== null ? range.end - at : CHUNK));
          const length = buffer.byteLength;
          const { bytesRead } = length === 0 ? { bytesRead: 0 } : await handle.read(buffer, 0, length, at);
          if (at !== null) at += bytesRead;
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        } catch (error) {
          await close();
          throw Object.assign(error as Error, { path });
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

import { LayoutError } from "../errors.js";
import { fileStream } from "../files/file-stream.js";
import { type FileHandle, type Host, hostOrNone, randomName } from "../files/host.js";
import { ByteSource, type ReadOptions } from "../source.js";
import { readAll } from "../stream.js";

/** Bytes of which any part can be read. */
export interface RandomAccess {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `start` on: `length` of them, or fewer at the end. */
  read(start: number, length: number): Promise<Uint8Array>;
  /** The bytes from `start` to before `end`. */
  stream(start: number, end: number): ReadableStream<Uint8Array>;
  close(): Promise<void>;
}

/** What may be unpacked at most where nothing is said: into a file, and into memory. */
const SPOOL_FILE = 16 * 1024 ** 3;
const SPOOL_MEMORY = 64 * 1024 ** 2;

/** Bytes that are handed to the host at once, to keep wherever it keeps a `Blob`. */
const PART = 4 * 1024 ** 2;

/** The bytes of a `Blob`, which a browser may keep on its disk. */
export function blobAccess(blob: Blob): RandomAccess {
  return {
    size: blob.size,
    read: async (start, length) => new Uint8Array(await blob.slice(start, start + length).arrayBuffer()),
    stream: (start, end) => blob.slice(start, end).stream(),
    close: async () => {},
  };
}

/** The bytes of a file, which stays open. */
export async function fileAccess({ fs }: Host, path: string): Promise<RandomAccess> {
  // Before it is opened: a pipe would be waited for.
  const found = await fs.stat(path);
  if (!found.isFile()) throw new LayoutError("INVALID_ARCHIVE", `${path}: not a file`);
  return handleAccess(await fs.open(path, "r"), path, found.size);
}

function handleAccess(handle: FileHandle, path: string, size: number, close = () => handle.close()): RandomAccess {
  const stream = (start: number, end: number) => fileStream(handle, { path, range: { start, end }, keep: true });
  return { size, stream, read: (start, length) => readAll(stream(start, start + length), length), close };
}

/**
 * The bytes of a stream, spooled: into a file that nobody else sees where there are files, else into memory.
 *
 * @throws LayoutError `SPOOL_LIMIT` if there are more than `limit` of them
 */
export async function spool(
  stream: ReadableStream<Uint8Array>,
  limit: number | undefined,
  options: ReadOptions,
): Promise<RandomAccess> {
  const source = new ByteSource(stream, options);
  const host = hostOrNone();
  try {
    return host === undefined
      ? await spoolToMemory(source, limit ?? SPOOL_MEMORY)
      : await spoolToFile(host, source, limit ?? SPOOL_FILE);
  } catch (error) {
    source.cancel(error).catch(() => {});
    throw error;
  }
}

async function spoolToFile(host: Host, source: ByteSource, limit: number): Promise<RandomAccess> {
  const path = host.path.join(host.os.tmpdir(), `.pierhead-${randomName()}.tmp`);
  const handle = await host.fs.open(path, "wx+", 0o600);
  const remove = () => host.fs.rm(path, { force: true });
  const close = async () => {
    await handle.close();
    await remove();
  };
  try {
    // Gone with its last reader, even if that is killed. Windows removes no file that is open: there it goes when it is closed.
    await remove().catch(() => {});
    let size = 0;
    for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
      for (let at = 0; at < chunk.byteLength; ) {
        at += (await handle.write(chunk, at, chunk.byteLength - at, size + at)).bytesWritten;
      }
      size = within(limit, size + chunk.byteLength);
    }
    return handleAccess(handle, path, size, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function spoolToMemory(source: ByteSource, limit: number): Promise<RandomAccess> {
  const blobs: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let [size, waiting] = [0, 0];
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
    size = within(limit, size + chunk.byteLength);
    waiting += chunk.byteLength;
    chunks.push(chunk as Uint8Array<ArrayBuffer>);
    if (waiting < PART) continue;
    blobs.push(new Blob(chunks));
    [chunks, waiting] = [[], 0];
  }
  return blobAccess(new Blob([...blobs, ...chunks]));
}

function within(limit: number, size: number): number {
  if (size > limit)
    throw new LayoutError("SPOOL_LIMIT", `more than ${limit} bytes would have to be unpacked: spoolLimit`);
  return size;
}

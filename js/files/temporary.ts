import { type FileHandle, type Host, randomName, syncFolder } from "./host.js";

/** What a file is called until it is complete, and a lock that is being broken. */
const TEMPORARY = /^(?:\.pierhead-[0-9a-f]{32}\.tmp|index\.json\.lock\.[0-9a-f]{32})$/;

/** Milliseconds without a write after which whoever wrote a temporary file must be gone: an hour. */
export const ABANDONED = 60 * 60 * 1000;

/** Bytes that are written at once: each write costs a change of threads. */
const BATCH = 256 * 1024;

/** Buffers that wait for the next file, and how many of them are kept: what is made anew for each file is garbage for long. */
const spare: Uint8Array<ArrayBuffer>[] = [];
const MAX_SPARE = 16;

/** A file that gets its name once it is complete. */
export class Temporary {
  readonly #host: Host;
  readonly #handle: FileHandle;
  readonly #path: string;
  #open = true;
  /** What is gathered, and how many bytes of it. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  /** Ends when the buffer before is written. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(host: Host, handle: FileHandle, path: string) {
    this.#host = host;
    this.#handle = handle;
    this.#path = path;
  }

  /** Begins a file in a folder. */
  static async create(host: Host, folder: string): Promise<Temporary> {
    const path = temporaryPath(host, folder);
    // Exclusively, so that no link which somebody put there is followed.
    return new Temporary(host, await host.fs.open(path, "wx", 0o644), path);
  }

  /**
   * Takes bytes, and copies them: who gave them has them back at once. As good as free beside hashing, it lets the pieces that come from a
   * network go while they are young; kept until they are written, they would outlive many a collection of garbage.
   */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      this.#buffer ??= spare.pop() ?? new Uint8Array(BATCH);
      const part = bytes.subarray(at, at + BATCH - this.#filled);
      this.#buffer.set(part, this.#filled);
      at += part.byteLength;
      this.#filled += part.byteLength;
      if (this.#filled === BATCH) await this.#flush();
    }
  }

  /** Brings the bytes to the disk, and gives the file its name, in one step. Rejects with what `check` rejects with before that. */
  async commit(path: string, check?: () => Promise<void>): Promise<void> {
    const own = await this.finish();
    await check?.();
    await this.#host.fs.rename(own, path);
    await syncFolder(this.#host, this.#host.path.dirname(path));
  }

  /** Brings the bytes to the disk unless `sync` is false, and closes the file; returns its path. */
  async finish(sync = true): Promise<string> {
    await this.#flush();
    await this.#writing;
    if (sync) await this.#handle.sync();
    await this.#close();
    return this.#path;
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#close();
    await this.#host.fs.rm(this.#path, { force: true });
  }

  /** Begins to write what is gathered, once what came before is written. */
  async #flush(): Promise<void> {
    await this.#writing;
    const [buffer, size] = [this.#buffer, this.#filled];
    if (buffer === undefined) return;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#writing = this.#writeOut(buffer, size);
    // It is waited for later.
    this.#writing.catch(() => {});
  }

  async #writeOut(buffer: Uint8Array<ArrayBuffer>, size: number): Promise<void> {
    for (let at = 0; at < size; ) at += (await this.#handle.write(buffer, at, size - at)).bytesWritten;
    if (spare.length < MAX_SPARE) spare.push(buffer);
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/** A path for what is not complete, whose leftover {@link removeAbandoned} knows. */
export function temporaryPath(host: Host, folder: string): string {
  return host.path.join(folder, `.pierhead-${randomName()}.tmp`);
}

/** Writes a file that appears complete or not at all. */
export async function writeWhole(
  host: Host,
  path: string,
  bytes: Uint8Array,
  check?: () => Promise<void>,
): Promise<void> {
  const temporary = await Temporary.create(host, host.path.dirname(path));
  try {
    await temporary.write(bytes);
    await temporary.commit(path, check);
  } catch (error) {
    await temporary.discard();
    throw error;
  }
}

/** Removes what processes that were killed have left in a folder. What cannot be removed stays: it is in nobody's way. */
export async function removeAbandoned({ fs, path }: Host, folder: string): Promise<void> {
  const names = await fs.readdir(folder).catch(() => []);
  for (const name of names.filter((each) => TEMPORARY.test(each))) {
    const file = path.join(folder, name);
    const found = await fs.lstat(file).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED) {
      await fs.rm(file, { force: true, recursive: true }).catch(() => {});
    }
  }
}

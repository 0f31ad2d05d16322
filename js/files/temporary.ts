import { BatchWriter, type FileWriter } from "./file-writer.js";
import { type FileHandle, type Host, randomName, syncFolder } from "./host.js";

/** What of a host is asked for here. */
type Files = Pick<Host, "fs" | "path">;

/** What a file is called until it is complete, and a lock that is being broken. */
const TEMPORARY = /^(?:\.pierhead-[0-9a-f]{32}\.tmp|index\.json\.lock\.[0-9a-f]{32})$/;

/** Milliseconds without a write after which whoever wrote a temporary file must be gone: an hour. */
export const ABANDONED = 60 * 60 * 1000;

/** A file that gets its name once it is complete. */
export class Temporary {
  readonly #host: Files;
  readonly #handle: FileHandle;
  readonly #path: string;
  /** Writes it. */
  readonly writer: FileWriter;
  #open = true;

  private constructor(host: Files, handle: FileHandle, path: string, writer: FileWriter) {
    this.#host = host;
    this.#handle = handle;
    this.#path = path;
    this.writer = writer;
  }

  /** Begins a file in a folder, which is written by what `open` gives for it, or else by way of the host. */
  static async create(
    host: Files,
    folder: string,
    open?: (handle: FileHandle) => FileWriter | undefined,
  ): Promise<Temporary> {
    const path = temporaryPath(host, folder);
    // Exclusively, so that no link which somebody put there is followed.
    const handle = await host.fs.open(path, "wx", 0o644);
    return new Temporary(host, handle, path, open?.(handle) ?? new BatchWriter(handle));
  }

  /** Brings the bytes to the disk unless `sync` is false, and closes the file; returns its path. */
  async finish(sync = true): Promise<string> {
    await this.writer.end();
    if (sync) await this.#handle.sync();
    await this.#close();
    return this.#path;
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    await this.writer.stop();
    await this.#close();
    await this.#host.fs.rm(this.#path, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/** A path for what is not complete, whose leftover {@link removeAbandoned} knows. */
export function temporaryPath(host: Files, folder: string): string {
  return host.path.join(folder, `.pierhead-${randomName()}.tmp`);
}

/** Brings a file's bytes to the disk, and gives it its name, in one step. Rejects with what `check` rejects with before that. */
export async function commit(
  host: Files,
  temporary: Temporary,
  path: string,
  check?: () => Promise<void>,
): Promise<void> {
  const own = await temporary.finish();
  await check?.();
  await host.fs.rename(own, path);
  await syncFolder(host, host.path.dirname(path));
}

/** Writes a file that appears complete or not at all. */
export async function writeWhole(
  host: Files,
  path: string,
  bytes: Uint8Array,
  check?: () => Promise<void>,
): Promise<void> {
  const temporary = await Temporary.create(host, host.path.dirname(path));
  try {
    await temporary.writer.write(bytes);
    await commit(host, temporary, path, check);
  } catch (error) {
    await temporary.discard();
    throw error;
  }
}

/**
 * Removes what processes that were killed have left in a folder, as its names tell: temporary files, if nothing else is said. What cannot be
 * removed stays: it is in nobody's way.
 */
export async function removeAbandoned(
  { fs, path }: Files,
  folder: string,
  isLeft = (name: string) => TEMPORARY.test(name),
): Promise<void> {
  const names = await fs.readdir(folder).catch(() => []);
  for (const name of names.filter(isLeft)) {
    const file = path.join(folder, name);
    const found = await fs.lstat(file).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED) {
      await fs.rm(file, { force: true, recursive: true }).catch(() => {});
    }
  }
}

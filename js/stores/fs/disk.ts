import { StoreError } from "../../errors.js";
import { type FileHandle, type Host, hasCode, isMissing, syncFolder } from "../../files/host.js";

/** The folder of a store, and how it is written. */
export class Disk {
  readonly fs: Host["fs"];
  readonly path: Host["path"];
  readonly root: string;
  /** Whether what is done must outlast a power cut. */
  readonly sync: boolean;

  constructor({ fs, path }: Host, root: string, sync: boolean) {
    this.fs = fs;
    this.path = path;
    this.root = root;
    this.sync = sync;
  }

  at(...names: string[]): string {
    return this.path.join(this.root, ...names);
  }

  /** Where files are that are not complete. */
  get temporary(): string {
    return this.at("temporary");
  }

  async syncFolder(folder: string): Promise<void> {
    if (this.sync) await syncFolder(this, folder);
  }

  /** The names in a folder; none if there is no folder. */
  async names(folder: string): Promise<string[]> {
    return (await orMissing(this.fs.readdir(folder))) ?? [];
  }

  /** `undefined` if there is no such file. */
  async open(file: string, flags: string | number): Promise<FileHandle | undefined> {
    return await orMissing(this.fs.open(file, flags));
  }

  async remove(file: string): Promise<void> {
    await this.fs.rm(file, { force: true });
  }
}

/** What a call gives, or `undefined` if there is no such file. */
export async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a call did its work; `false` where it fails with one of these codes. */
export async function done(call: Promise<unknown>, ...codes: string[]): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (hasCode(error, ...codes)) return false;
    throw error;
  }
}

/** The error of a file system, in our words; any other as it is. */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const isBusy = hasCode(error, "EMFILE", "ENFILE", "EAGAIN");
  // What the disk cannot do, that the store needs.
  const isUnsuitable = hasCode(error, "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK");
  const code = isBusy ? "STORE_BUSY" : isUnsuitable ? "STORE_UNSUITABLE" : "STORE_UNAVAILABLE";
  return new StoreError(code, error.message, { cause: error });
}

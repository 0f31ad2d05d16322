import { OciError, StoreError } from "../../errors.js";
import { type Host, hasCode, isMissing, syncFolder } from "../../files/host.js";

/** The folder of a store, and how it is written. */
export class Disk {
  readonly host: Host;
  readonly root: string;
  /** Whether what is done must outlast a power cut. */
  readonly sync: boolean;

  constructor(host: Host, root: string, sync: boolean) {
    this.host = host;
    this.root = root;
    this.sync = sync;
  }

  path(...names: string[]): string {
    return this.host.path.join(this.root, ...names);
  }

  /** Where files are that are not complete. */
  get temporary(): string {
    return this.path("temporary");
  }

  async syncFolder(folder: string): Promise<void> {
    if (this.sync) await syncFolder(this.host, folder);
  }

  /** The names in a folder; `undefined` if there is none. */
  async names(folder: string): Promise<string[] | undefined> {
    return await orMissing(this.host.fs.readdir(folder));
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

/** Whether a call did its work; `false` if there is no such file. */
export async function done(call: Promise<unknown>): Promise<boolean> {
  return (await orMissing(call.then(() => true))) ?? false;
}

/** The error of a file system, in our words; any other as it is. */
export function translated(error: unknown): unknown {
  if (error instanceof OciError || !(error instanceof Error) || !("syscall" in error)) return error;
  if (hasCode(error, "EMFILE", "ENFILE", "EAGAIN"))
    return new StoreError("STORE_BUSY", error.message, { cause: error });
  if (hasCode(error, "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK")) {
    const message = `the disk cannot do what the store needs: ${error.message}`;
    return new StoreError("STORE_UNSUITABLE", message, { cause: error });
  }
  return new StoreError("STORE_UNAVAILABLE", error.message, { cause: error });
}

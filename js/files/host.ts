import { LayoutError } from "../errors.js";

/** What a host with a file system has: Node, Deno and Bun. */
export interface Host {
  readonly fs: typeof import("node:fs/promises");
  readonly path: typeof import("node:path");
  readonly os: typeof import("node:os");
}

/** A file that is open. */
export type FileHandle = Awaited<ReturnType<Host["fs"]["open"]>>;

/** Asked for at run time, because a bundler for browsers breaks on an import of it. */
export function hostOrNone(): Host | undefined {
  const get = (globalThis as { process?: Partial<NodeJS.Process> }).process?.getBuiltinModule;
  const [fs, path, os] = [get?.("node:fs/promises"), get?.("node:path"), get?.("node:os")];
  return typeof fs?.open === "function" && path && os ? { fs, path, os } : undefined;
}

/** The host, or a {@link LayoutError} `NOT_SUPPORTED`. */
export function hostWithFiles(): Host {
  const host = hostOrNone();
  if (host === undefined) throw new LayoutError("NOT_SUPPORTED", "there is no file system here");
  return host;
}

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT", "ENOTDIR");
}

/** Whether an error of the file system has one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as { code?: unknown } | undefined)?.code));
}

/** A part of a name that nobody can guess: 32 digits of hexadecimal. */
export function randomName(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** Makes what was done in a folder last, where the platform can: Windows opens no folder. */
export async function syncFolder({ fs }: Pick<Host, "fs">, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // What was written is in the file; only its name may be lost with the power.
  }
}

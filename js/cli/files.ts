import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { type FileHandle, link, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError } from "./output.js";

export { isMissing } from "../files/host.js";

/** How a file is put under its name. */
export interface FileOptions {
  /** Puts it in the place of a file that has the name. */
  readonly overwrite: boolean;
  /** The permissions of the file, where the host has them; those that new files get, if left out. */
  readonly mode?: number;
}

/** Files that are being written, by the names under which nobody expects them. */
const unfinished = new Set<string>();

/** Removes what is being written: for the end of a process that waits for nothing any more. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

process.on("exit", removeUnfinished);

/**
 * Writes a file that appears under its name when it is complete: what is written before that goes by another name in the same
 * folder, and is gone if `write` rejects. A link is followed, and stays.
 *
 * @throws CliError if there is such a file, and it is not to be overwritten
 */
export async function writeWhole<T>(
  path: string,
  { overwrite, mode = 0o666 }: FileOptions,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  // It is known before anything is fetched for it.
  if (!overwrite && existsSync(path)) throw exists(path);
  const target = overwrite ? await resolved(path) : path;
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.part`);
  const file = await open(temporary, "wx", mode).catch((error) => Promise.reject(Object.assign(error, { path })));
  unfinished.add(temporary);
  try {
    let result: T;
    try {
      result = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await (overwrite ? rename(temporary, target) : publish(temporary, target));
    return result;
  } finally {
    await rm(temporary, { force: true });
    unfinished.delete(temporary);
  }
}

/** Says that something is there which is not to be overwritten. */
export function exists(path: string): CliError {
  return new CliError(`${path}: there is such a file, which --force overwrites`);
}

/** Gives a file its name, unless another has it. */
async function publish(temporary: string, path: string): Promise<void> {
  try {
    // A rename would replace what has come there meanwhile.
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw exists(path);
    // Some file systems have no links.
    if (existsSync(path)) throw exists(path);
    await rename(temporary, path);
  }
}

/** The file that a name leads to, if there is one: a file, since a device in its place would be gone. */
async function resolved(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    if (!(await stat(target)).isFile()) throw new CliError(`${path}: is not a regular file`);
    return target;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return path;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

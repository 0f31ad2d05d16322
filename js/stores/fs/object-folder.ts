import { StoreError } from "../../errors.js";
import { type FileHandle, randomName } from "../../files/host.js";
import { ABANDONED, removeAbandoned, temporaryPath } from "../../files/temporary.js";
import { MAX_KEY } from "../arguments.js";
import type { ObjectInfo } from "../object-store.js";
import { type Disk, done, orMissing } from "./disk.js";

/** The object as it is: what its folder's one name says. */
export interface Present {
  readonly info: ObjectInfo;
  /** Which creation it goes back to. */
  readonly birth: string;
  /** The name that says so. */
  readonly name: string;
  /** The name of the content, behind which stands the key. */
  readonly data: string;
}

/** How often a folder is read that has no one name, or several: more than any writer can make it look so. */
const MAX_READS = 1000;

const PRESENT = /^((\w+)-(\w+)-\w+)\.(\w+-\w+)\.now$/;

export const decoder = new TextDecoder();

/** The folder of one key: see `fs.ts` for what is in it, and why that is right. */
export class ObjectFolder {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  async present(): Promise<Present | undefined> {
    let empty = 0;
    // A folder that is read while a name in it changes may show both names or neither, where the system does not forbid it.
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const names = await this.#disk.names(this.#path);
      const [name, other] = names.filter((each) => each.endsWith(".now"));
      if (!name) empty += 1;
      if (names.length === 0 || empty === 2) return undefined;
      const present = parse(name);
      if (!present || other) continue;
      // Contents that are not the object's, and which nobody can be about to make so.
      const isLeft = (name: string) => name !== present.name && name !== present.data;
      if (names.length > 2) await removeAbandoned(this.#disk, this.#path, isLeft);
      return present;
    }
    throw this.#damaged();
  }

  /** The file with the content; `undefined` if the object is another by now. */
  async open(present: Present): Promise<FileHandle | undefined> {
    return (await this.#isWhole(present)) ? await this.#disk.open(this.#at(present.data), "r") : undefined;
  }

  /** Whether the content is there; `false` if the object is another by now. If it is neither, that fails, after `undo`. */
  async #isWhole({ data, info, name }: Present, undo?: () => Promise<unknown>): Promise<boolean> {
    const found = await orMissing(this.#disk.fs.stat(this.#at(data)));
    if (found && found.size >= info.size) return true;
    if ((await this.present())?.name !== name) return false;
    await undo?.();
    throw this.#damaged();
  }

  #damaged(): StoreError {
    return new StoreError("STORE_UNAVAILABLE", `${this.#path} is damaged`);
  }

  /** The key, which stands behind the content; `undefined` if that is damaged. */
  async key(present: Present): Promise<string | undefined> {
    const handle = await this.#disk.open(this.#at(present.data), "r");
    if (!handle) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(MAX_KEY), 0, MAX_KEY, present.info.size);
      return bytesRead > 0 ? decoder.decode(buffer.subarray(0, bytesRead)) : undefined;
    } finally {
      await handle.close();
    }
  }

  /** Makes the object, if there is none, of a file; `undefined` if there is one. */
  async create(file: string, size: number, birth: string): Promise<Present | undefined> {
    const { fs, path, temporary } = this.#disk;
    const created = named(size, birth);
    const next = temporaryPath(this.#disk, temporary);
    await fs.mkdir(next);
    try {
      await fs.link(file, path.join(next, created.data));
      await fs.writeFile(path.join(next, created.name), "", { flag: "wx" });
      await this.#disk.syncFolder(next);
      const parent = path.dirname(this.#path);
      if (await fs.mkdir(parent, { recursive: true })) await this.#disk.syncFolder(path.dirname(parent));
      // Windows says EPERM of any folder that is there.
      while (!(await done(fs.rename(next, this.#path), "ENOTEMPTY", "EEXIST", "EPERM"))) {
        if (await this.present()) return undefined;
        await this.#clear();
      }
      await this.#disk.syncFolder(parent);
      // Whoever was stopped for an hour has had the content taken for abandoned.
      await this.#isWhole(created, () => this.delete(created));
      return created;
    } finally {
      await fs.rm(next, { recursive: true, force: true });
    }
  }

  /** Gives the object the content of a file, if it still is what it was; `undefined` if it is not. */
  async replace(was: Present, file: string, size: number): Promise<Present | undefined> {
    const { fs } = this.#disk;
    const now = new Date();
    // So that nobody takes it for what a writer has left.
    await fs.utimes(file, now, now);
    const next = named(size, was.birth);
    if (!(await done(fs.link(file, this.#at(next.data)), "ENOENT"))) return undefined;
    await this.#disk.syncFolder(this.#path);
    const isNow = await done(fs.rename(this.#at(was.name), this.#at(next.name)), "ENOENT");
    if (isNow) {
      await this.#disk.syncFolder(this.#path);
      await this.#isWhole(next, () => this.replace(next, this.#at(was.data), was.info.size));
    }
    await this.#disk.remove(this.#at((isNow ? was : next).data));
    return isNow ? next : undefined;
  }

  /** Deletes the object, if it still is what it was; returns whether it was. */
  async delete(was: Present): Promise<boolean> {
    if (!(await done(this.#disk.fs.unlink(this.#at(was.name)), "ENOENT"))) return false;
    await this.#disk.syncFolder(this.#path);
    await this.#disk.remove(this.#at(was.data));
    await this.#removeIfEmpty();
    return true;
  }

  /** Removes what is in a folder without an object. No name in it can mean anything any more, since none comes twice. */
  async #clear(): Promise<void> {
    for (const name of await this.#disk.names(this.#path)) {
      if (!name.endsWith(".now")) await this.#disk.remove(this.#at(name));
    }
    await this.#removeIfEmpty();
  }

  async #removeIfEmpty(): Promise<void> {
    await done(this.#disk.fs.rmdir(this.#path), "ENOENT", "ENOTEMPTY", "EEXIST", "EPERM", "EBUSY");
  }

  #at(name: string): string {
    return this.#disk.path.join(this.#path, name);
  }
}

/** A name that nothing had before; its time can be told. */
export function newBirth(): string {
  return `${Date.now().toString(36)}-${randomName()}`;
}

/** Whether a creation that has not come about in all this time never will. */
export function isOld(birth: string): boolean {
  return Date.now() - Number.parseInt(birth, 36) > ABANDONED;
}

function named(size: number, birth: string): Present {
  return parse(`${size.toString(36)}-${newBirth()}.${birth}.now`) as Present;
}

function parse(name = ""): Present | undefined {
  const [, version = "", size = "", modified = "", birth = ""] = PRESENT.exec(name) ?? [];
  const info = { size: Number.parseInt(size, 36), version, modified: Number.parseInt(modified, 36) };
  return version ? { info, birth, name, data: `${version}.data` } : undefined;
}

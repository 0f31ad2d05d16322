import { StoreError } from "../../errors.js";
import { fileStream } from "../../files/file-stream.js";
import { type FileHandle, hasCode, randomName } from "../../files/host.js";
import { ABANDONED, temporaryPath } from "../../files/temporary.js";
import { readAll } from "../../stream.js";
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
}

/** How often a folder is read that has no one name, or several: more than any writer can make it look so. */
const MAX_READS = 1000;

const PRESENT = /^(([0-9a-z]+)-([0-9a-z]+)-[0-9a-f]{32})\.([0-9a-z]+-[0-9a-f]{32})\.now$/;

/** The folder of one key: see `fs.ts` for what is in it, and why that is right. */
export class ObjectFolder {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  async present(): Promise<Present | undefined> {
    // A folder that is read while a name in it changes may show both names or neither, where the system does not forbid it.
    for (let [reads, empty] = [0, 0]; reads < MAX_READS; reads += 1) {
      const names = await this.#disk.names(this.#path);
      if (names === undefined) return undefined;
      const found = names.filter((name) => name.endsWith(".now"));
      if (found.length === 0) empty += 1;
      if (empty === 2) return undefined;
      const present = found.length === 1 ? parse(found[0] as string) : undefined;
      if (present === undefined) continue;
      if (names.length > 2) await this.#removeAbandoned(names, present);
      return present;
    }
    throw new StoreError("STORE_UNAVAILABLE", `${this.#path} is damaged: it should have one name that ends in .now`);
  }

  /** The file with the content, behind which stands the key; `undefined` if the object is another by now. */
  async open(present: Present): Promise<FileHandle | undefined> {
    return await orMissing(this.#disk.host.fs.open(this.#data(present.info.version), "r"));
  }

  /** The key, which stands behind the content. */
  async key(present: Present): Promise<string | undefined> {
    const { size } = present.info;
    const handle = await this.open(present);
    if (handle === undefined) return undefined;
    const end = (await handle.stat()).size;
    const stream = fileStream(handle, { path: this.#path, range: { start: size, end } });
    return new TextDecoder().decode(await readAll(stream, MAX_KEY));
  }

  /** Makes the object, if there is none, of a file; `undefined` if there is one. */
  async create(file: string, size: number, birth: string): Promise<Present | undefined> {
    const { host, temporary } = this.#disk;
    const created = named(size, birth);
    const next = temporaryPath(host, temporary);
    await host.fs.mkdir(next);
    try {
      await host.fs.link(file, host.path.join(next, dataName(created.info.version)));
      await host.fs.writeFile(host.path.join(next, created.name), "", { flag: "wx" });
      await this.#disk.syncFolder(next);
      for (let hasParent = false; ; ) {
        try {
          await host.fs.rename(next, this.#path);
          break;
        } catch (error) {
          if (hasCode(error, "ENOENT") && !hasParent) {
            await this.#makeParent();
            hasParent = true;
          }
          // Windows says EPERM of any folder that is there.
          else if (!hasCode(error, "ENOTEMPTY", "EEXIST", "EPERM")) throw error;
          else if ((await this.present()) !== undefined) return undefined;
          else await this.#clear();
        }
      }
      await this.#disk.syncFolder(host.path.dirname(this.#path));
      return created;
    } finally {
      await host.fs.rm(next, { recursive: true, force: true });
    }
  }

  /** Gives the object the content of a file, if it still is what it was; `undefined` if it is not. */
  async replace(was: Present, file: string, size: number): Promise<Present | undefined> {
    const { fs, path } = this.#disk.host;
    const now = new Date();
    // So that nobody takes it for what a writer has left.
    await fs.utimes(file, now, now);
    const next = named(size, was.birth);
    const data = this.#data(next.info.version);
    if (!(await done(fs.link(file, data)))) return undefined;
    await this.#disk.syncFolder(this.#path);
    if (!(await done(fs.rename(path.join(this.#path, was.name), path.join(this.#path, next.name))))) {
      await fs.rm(data, { force: true });
      return undefined;
    }
    await this.#disk.syncFolder(this.#path);
    await fs.rm(this.#data(was.info.version), { force: true });
    return next;
  }

  /** Deletes the object, if it still is what it was; returns whether it was. */
  async delete(was: Present): Promise<boolean> {
    const { fs, path } = this.#disk.host;
    if (!(await done(fs.unlink(path.join(this.#path, was.name))))) return false;
    await this.#disk.syncFolder(this.#path);
    await fs.rm(this.#data(was.info.version), { force: true });
    await this.#removeIfEmpty();
    return true;
  }

  /** Removes what is in a folder without an object. No name in it can mean anything any more, since none comes twice. */
  async #clear(): Promise<void> {
    const { fs, path } = this.#disk.host;
    for (const name of (await this.#disk.names(this.#path)) ?? []) {
      if (!name.endsWith(".now")) await fs.rm(path.join(this.#path, name), { force: true });
    }
    await this.#removeIfEmpty();
  }

  /** Removes contents that are not the object's, and which nobody can be about to make so. */
  async #removeAbandoned(names: readonly string[], { name, info }: Present): Promise<void> {
    const { fs, path } = this.#disk.host;
    for (const each of names.filter((other) => other !== name && other !== dataName(info.version))) {
      const file = path.join(this.#path, each);
      const found = await orMissing(fs.stat(file));
      if (found && Date.now() - found.mtimeMs > ABANDONED) await fs.rm(file, { force: true });
    }
  }

  async #removeIfEmpty(): Promise<void> {
    try {
      await this.#disk.host.fs.rmdir(this.#path);
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST", "EPERM", "EBUSY")) throw error;
    }
  }

  async #makeParent(): Promise<void> {
    const { fs, path } = this.#disk.host;
    const parent = path.dirname(this.#path);
    await fs.mkdir(parent, { recursive: true });
    await this.#disk.syncFolder(path.dirname(parent));
  }

  #data(version: string): string {
    return this.#disk.host.path.join(this.#path, dataName(version));
  }
}

/** A name that no creation had before; its time can be told. */
export function newBirth(): string {
  return `${Date.now().toString(36)}-${randomName()}`;
}

/** Whether a creation that has not come about in all this time never will. */
export function isOld(birth: string): boolean {
  return Date.now() - Number.parseInt(birth, 36) > ABANDONED;
}

function dataName(version: string): string {
  return `${version}.data`;
}

function named(size: number, birth: string): Present {
  const modified = Date.now();
  const version = `${size.toString(36)}-${modified.toString(36)}-${randomName()}`;
  return { info: { size, version, modified }, birth, name: `${version}.${birth}.now` };
}

function parse(name: string): Present | undefined {
  const [, version = "", size = "", modified = "", birth = ""] = PRESENT.exec(name) ?? [];
  if (version === "") return undefined;
  return { info: { size: Number.parseInt(size, 36), version, modified: Number.parseInt(modified, 36) }, birth, name };
}

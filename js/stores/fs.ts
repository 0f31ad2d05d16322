/**
 * A store in a folder of a disk, for any number of processes on one host: Node, Deno and Bun.
 *
 * **Objects.** `objects/<SHA-256 of the key>/` is the folder of a key. It has two files: `<version>.data`, the content with the key behind it,
 * and an empty one, `<version>.<birth>.now`, whose name alone says which content is the object's. No version and no birth is ever used twice.
 * - An object is *created* by `rename` of a folder that has both onto the key's: that succeeds only where there is none, or an empty one.
 * - It is *replaced* by `rename` of `<old>.….now` to `<new>.….now`, beside a content that is there already: that succeeds for one writer, and
 *   only while the object is of the old version.
 * - It is *deleted* by `unlink` of its `.now`; then the content and the folder go, the folder only if it is empty.
 *
 * Each is one step of the system's, which happens or does not, whenever a process or the power fails. What a process that was killed
 * has left is a content that no `.now` names, which a later writer removes.
 *
 * **Lists.** `index/` is a log of all keys that may be there (`fs/key-log.ts`): a creation is entered, and on the disk, before it happens, and
 * its end after that. Each process holds the keys in order in its memory, reads what has been appended when it is asked for a list, and looks
 * into each key's folder whether the object is there. So a log that says too much does no harm. If it is gone it is made again from the
 * objects.
 *
 * @module pierhead/stores/fs
 */
import { hashEngine } from "../engine/engine.js";
import { nodeCryptoDigest } from "../engine/node-crypto.js";
import { StoreError } from "../errors.js";
import { fileStream } from "../files/file-stream.js";
import { hostOrNone } from "../files/host.js";
import { ABANDONED, removeAbandoned, Temporary } from "../files/temporary.js";
import { checkKeys, checkList, checkPut, invalid, keyBytes, partOf, wrongHash } from "./arguments.js";
import { backed } from "./backing.js";
import { outgoing, SizedBody } from "./content.js";
import { Disk, orMissing, translated } from "./fs/disk.js";
import { KeyLog } from "./fs/key-log.js";
import { newBirth, ObjectFolder, type Present } from "./fs/object-folder.js";
import type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";

export { StoreError, type StoreErrorCode } from "../errors.js";
export type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";

/** Options of {@link fs}. */
export interface FsOptions {
  /**
   * Whether `put` and `delete` wait until the disk has what was done, so that it outlasts a power cut: `true` if left out. A process that is
   * killed loses nothing either way.
   */
  readonly sync?: boolean | undefined;
}

/** What stands in the file `pierhead-store`. */
const FORMAT = "1\n";

/** Digits of the hash that name a folder of folders: 4096 of them. */
const SHARD = 3;

/**
 * A store in a folder, which is made if it is not there. Other stores of the same folder, in this process or others of the host, are the
 * same store. The disk must have hard links and exclusive names, and be this host's own: NFS is not. What is made is for the user who runs this
 * alone (folders of mode 0700, those above included that are not there); other modes may be given to folders that are there.
 *
 * @throws StoreError `STORE_UNSUITABLE` where there is no file system
 */
export function fs(folder: string, { sync = true }: FsOptions = {}): ObjectStore {
  const host = hostOrNone();
  if (host === undefined) throw new StoreError("STORE_UNSUITABLE", "no file system");
  if (typeof folder !== "string" || folder === "") throw invalid("folder is no path");
  return new FsStore(new Disk(host, host.path.resolve(folder), sync));
}

class FsStore implements ObjectStore {
  readonly verifiesSha256 = true;
  readonly #disk: Disk;
  readonly #log: KeyLog;
  #open: Promise<void> | undefined;
  #cleaned = 0;

  constructor(disk: Disk) {
    this.#disk = disk;
    this.#log = new KeyLog(disk);
  }

  async head(key: string, options: { signal?: AbortSignal | undefined } = {}): Promise<ObjectInfo | undefined> {
    const folder = this.#folder(key);
    return await this.#act(options.signal, async () => (await folder.present())?.info);
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<StoredObject | undefined> {
    const folder = this.#folder(key);
    return await this.#act(signal, async () => {
      for (;;) {
        const present = await folder.present();
        if (!present) return undefined;
        const { info } = present;
        const part = partOf(range, info.size);
        const handle = await folder.open(present);
        // Another content has taken its place.
        if (!handle) continue;
        const body = outgoing(fileStream(handle, { range: part }), part.end - part.start, { signal });
        return { info, body: backed(body, { handle, ...part }) };
      }
    });
  }

  async put(
    key: string,
    content: Uint8Array | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<ObjectInfo | undefined> {
    checkPut(key, content, options);
    const folder = this.#folder(key);
    const incoming = new SizedBody(content, options);
    try {
      return await this.#act(options.signal, async () => {
        // No bytes are taken that nobody wants.
        if (!fits(await folder.present(), options)) return undefined;
        await this.#clean();
        const written = await Temporary.create(this.#disk, this.#disk.temporary);
        try {
          await write(written, incoming, options);
          await written.writer.write(keyBytes(key));
          const file = await written.finish(this.#disk.sync);
          options.signal?.throwIfAborted();
          return await this.#enter(key, folder, { file, size: incoming.received }, options);
        } finally {
          await written.discard();
        }
      });
    } finally {
      incoming.cancel();
    }
  }

  async delete(keys: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkKeys(keys);
    await this.#act(options.signal, async () => {
      const left = [...keys];
      const work = async () => {
        for (let key = left.pop(); key !== undefined; key = left.pop()) await this.#delete(key);
      };
      await Promise.all(Array.from({ length: 4 }, work));
    });
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Listing> {
    const limit = checkList(prefix, options);
    return await this.#act(options.signal, async () => {
      const objects: ListedObject[] = [];
      for (let { after } = options; ; ) {
        const keys = await this.#log.page(prefix, after, limit + 1);
        const found = await Promise.all(keys.map((key) => this.#listed(key)));
        objects.push(...found.filter((object) => !!object));
        const isFull = objects.length > limit;
        if (isFull || keys.length <= limit) return { objects: objects.slice(0, limit), more: isFull };
        options.signal?.throwIfAborted();
        after = keys.at(-1);
      }
    });
  }

  async #listed(key: string): Promise<ListedObject | undefined> {
    const present = await this.#folder(key).present();
    await this.#log.settle(key, present?.birth);
    return present && { key, ...present.info };
  }

  /** Makes a file the object's content, as far as the conditions hold. */
  async #enter(
    key: string,
    folder: ObjectFolder,
    { file, size }: { file: string; size: number },
    options: PutOptions,
  ): Promise<ObjectInfo | undefined> {
    for (;;) {
      const was = await folder.present();
      if (!fits(was, options)) return undefined;
      const birth = was?.birth ?? newBirth();
      if (!was) await this.#log.add({ key, birth });
      const is = was ? await folder.replace(was, file, size) : await folder.create(file, size, birth);
      if (is) return is.info;
      if (!was) await this.#log.remove({ key, birth });
    }
  }

  async #delete(key: string): Promise<void> {
    const folder = this.#folder(key);
    for (let was = await folder.present(); was; was = await folder.present()) {
      if (!(await folder.delete(was))) continue;
      await this.#log.remove({ key, birth: was.birth });
      return;
    }
  }

  #folder(key: string): ObjectFolder {
    const hash = nodeCryptoDigest("sha256", keyBytes(key)) as string;
    return new ObjectFolder(this.#disk, this.#disk.at("objects", hash.slice(0, SHARD), hash.slice(SHARD)));
  }

  /** Acts on the folder once it is there; what the file system says becomes an error of ours. */
  async #act<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      this.#open ??= this.#prepare().catch((error: unknown) => {
        this.#open = undefined;
        throw error;
      });
      await this.#open;
      return await act();
    } catch (error) {
      throw translated(error);
    }
  }

  async #prepare(): Promise<void> {
    const { fs: files, path, root } = this.#disk;
    // All that the store keeps lies in these: the modes of what is in them are of no matter.
    for (const name of ["objects", "index", "temporary"])
      await files.mkdir(this.#disk.at(name), { recursive: true, mode: 0o700 });
    const format = this.#disk.at("pierhead-store");
    const known = await orMissing(files.readFile(format, "utf8"));
    // It is empty where the power failed at the wrong moment.
    if (!known) await files.writeFile(format, FORMAT);
    else if (known !== FORMAT) throw new StoreError("STORE_UNSUITABLE", `${format} is not known`);
    // Each folder above may be as new as this one.
    for (let folder = root, below = ""; folder !== below; folder = path.dirname(folder)) {
      await this.#disk.syncFolder(folder);
      below = folder;
    }
    await this.#log.begin(() => this.#walk());
  }

  /** All objects, from their folders alone. */
  async *#walk(): AsyncGenerator<{ key: string; birth: string }> {
    for (const shard of await this.#disk.names(this.#disk.at("objects"))) {
      for (const name of await this.#disk.names(this.#disk.at("objects", shard))) {
        const folder = new ObjectFolder(this.#disk, this.#disk.at("objects", shard, name));
        const present = await folder.present();
        const key = present && (await folder.key(present));
        if (present && key !== undefined) yield { key, birth: present.birth };
      }
    }
  }

  /** Removes what processes that were killed have left, now and then. */
  async #clean(): Promise<void> {
    const now = Date.now();
    if (now - this.#cleaned < ABANDONED) return;
    this.#cleaned = now;
    await removeAbandoned(this.#disk, this.#disk.temporary);
  }
}

function fits(present: Present | undefined, { ifAbsent, ifVersion }: PutOptions): boolean {
  return !(ifAbsent && present) && (ifVersion === undefined || present?.info.version === ifVersion);
}

/** Writes content; rejects if it is not what was said. */
async function write(written: Temporary, incoming: SizedBody, { sha256 }: PutOptions): Promise<void> {
  const hash = sha256 ? hashEngine("sha256") : undefined;
  for (let chunk = await incoming.read(); chunk !== undefined; chunk = await incoming.read()) {
    hash?.update(chunk);
    await written.writer.write(chunk);
  }
  if (hash && (await hash.digest()) !== sha256) throw wrongHash();
}

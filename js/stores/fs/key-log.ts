import { StoreError } from "../../errors.js";
import { type FileHandle, hasCode } from "../../files/host.js";
import { Temporary } from "../../files/temporary.js";
import { SortedKeys } from "../sorted-keys.js";
import { type Disk, orMissing } from "./disk.js";
import { isOld } from "./object-folder.js";

/** Lines that the log may have beyond four times what it has to say. */
const SLACK = 20_000;

/** Bytes that are read at once. */
const READ = 1024 * 1024;

interface Entry {
  readonly line: string;
  readonly durable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The keys that may be there, in order: every key that is there, and some that are not. See `fs.ts`.
 *
 * The log is the files `index/1`, `index/2`, …; mostly there is one. A line is `+birth "key"`, of a creation that is about to happen, or
 * `-birth "key"`, of one that has failed or was undone. Who appends looks whether its file is the newest afterwards, and else
 * appends to the newest again; who begins a new file with what is still true has made it the newest before it reads what was appended to the older
 * ones meanwhile, takes that over, and only then removes them, the oldest first. So each line is in a file at any time.
 */
export class KeyLog {
  readonly #disk: Disk;
  readonly #keys = new SortedKeys();
  /** The births of each key, with a blank between them. */
  readonly #births = new Map<string, string>();
  /** How far each file is read. */
  readonly #read = new Map<number, { offset: number; lines: number }>();
  #queue: Entry[] = [];
  #appending = false;
  #compacting = false;
  #reading: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Begins the log, if there is none, with the keys that there are. */
  async begin(present: () => AsyncIterable<{ key: string; birth: string }>): Promise<void> {
    if ((await this.#files()).length > 0) return;
    await this.#write(1, async (add) => {
      for await (const { key, birth } of present()) await add(line("+", key, birth));
    });
  }

  /** Says that a key is about to be created. */
  async add(key: string, birth: string): Promise<void> {
    await this.#append(line("+", key, birth), true);
  }

  /** Says that a creation has failed, or was undone. Lost with the power, it would do no harm. */
  async remove(key: string, birth: string): Promise<void> {
    await this.#append(line("-", key, birth), false);
  }

  /** The next keys of a list that may be there: all that were created before the call. */
  async page(prefix: string, after: string | undefined, count: number): Promise<string[]> {
    await this.#refresh();
    return this.#keys.page(prefix, after, count);
  }

  /** Forgets the creations of a key that have not come about; `birth` is the one that has. */
  async settle(key: string, birth: string | undefined): Promise<void> {
    const births = this.#births.get(key)?.split(" ") ?? [];
    for (const each of births) if (each !== birth && isOld(each)) await this.remove(key, each);
  }

  async #append(text: string, durable: boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ line: text, durable, resolve, reject });
      if (!this.#appending) void this.#appendAll();
    });
  }

  /** What is said at once is written at once: each write of its own would wait for the disk. */
  async #appendAll(): Promise<void> {
    this.#appending = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0);
      try {
        await this.#appendText(
          batch.map((entry) => entry.line).join(""),
          batch.some(({ durable }) => durable),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#appending = false;
  }

  async #appendText(text: string, durable: boolean): Promise<void> {
    // What a writer that was killed has left of a line is one of its own.
    const bytes = new TextEncoder().encode(`\n${text}`);
    for (;;) {
      const file = (await this.#files()).at(-1);
      if (file === undefined) throw new StoreError("STORE_UNAVAILABLE", "the index of the store is gone");
      // Not one that is made by opening it: that would be a file which nobody reads.
      const { O_APPEND, O_WRONLY } = this.#disk.host.fs.constants;
      const handle = await this.#open(file, O_WRONLY | O_APPEND);
      if (handle === undefined) continue;
      try {
        const { bytesWritten } = await handle.write(bytes, 0, bytes.byteLength);
        if (bytesWritten < bytes.byteLength) continue;
        if (durable && this.#disk.sync) await handle.datasync();
      } finally {
        await handle.close();
      }
      if ((await this.#files()).at(-1) === file) return;
    }
  }

  async #open(file: number, flags: number): Promise<FileHandle | undefined> {
    return await orMissing(this.#disk.host.fs.open(this.#path(file), flags));
  }

  /** Reads what was appended; whoever waits for it gets a reading that has begun after the call. */
  #refresh(): Promise<void> {
    this.#waiting ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined;
        this.#reading = this.#readFiles();
        return this.#reading;
      });
    return this.#waiting;
  }

  async #readFiles(): Promise<void> {
    for (let again = true; again; ) {
      const files = await this.#files();
      for (const known of this.#read.keys()) if (!files.includes(known)) this.#read.delete(known);
      // One that is gone has been taken over by one that may not be in the list.
      again = false;
      for (const file of files) again = !(await this.#readFile(file)) || again;
    }
    const lines = [...this.#read.values()].reduce((sum, read) => sum + read.lines, 0);
    if (lines > 4 * this.#births.size + SLACK && !this.#compacting) {
      this.#compacting = true;
      // It will be tried again, and nobody waits for it.
      void this.#compact()
        .catch(() => {})
        .finally(() => {
          this.#compacting = false;
        });
    }
  }

  async #readFile(file: number): Promise<boolean> {
    const read = this.#read.get(file) ?? { offset: 0, lines: 0 };
    this.#read.set(file, read);
    return await this.#lines(file, read.offset, (text, bytes) => {
      for (const each of text.split("\n")) if (this.#apply(each)) read.lines += 1;
      read.offset += bytes;
    });
  }

  /** Hands out the complete lines of a file from an offset on, many at a time; `false` if there is no such file. */
  async #lines(file: number, offset: number, take: (text: string, bytes: number) => void): Promise<boolean> {
    const handle = await this.#open(file, this.#disk.host.fs.constants.O_RDONLY);
    if (handle === undefined) return false;
    try {
      for (let [at, size] = [offset, READ]; ; ) {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(size), 0, size, at);
        const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
        if (end > 0) take(decoder.decode(buffer.subarray(0, end)), end);
        // What follows the last end of a line is still being written.
        if (bytesRead < size) return true;
        if (end === 0) size *= 2;
        at += end;
      }
    } finally {
      await handle.close();
    }
  }

  #apply(text: string): boolean {
    const blank = text.indexOf(" ");
    const birth = text.slice(1, blank);
    const key = blank < 0 ? undefined : unquoted(text.slice(blank + 1));
    if (key === undefined) return false;
    const births = this.#births.get(key)?.split(" ") ?? [];
    const others = births.filter((each) => each !== birth);
    if (text[0] === "+") others.push(birth);
    if (others.length > 0) this.#births.set(key, others.join(" "));
    else this.#births.delete(key);
    if (others.length > 0 && births.length === 0) this.#keys.add(key);
    if (others.length === 0 && births.length > 0) this.#keys.delete(key);
    return true;
  }

  /** Begins a new file with what is still true, and takes over what is appended to the older ones meanwhile. */
  async #compact(): Promise<void> {
    const older = await this.#files();
    const next = (older.at(-1) ?? 0) + 1;
    // Both at one moment: what is appended to a file behind its offset is not in the copy.
    const births = [...this.#births];
    const offsets = new Map(older.map((file) => [file, this.#read.get(file)?.offset ?? 0]));
    const begun = await this.#write(next, async (add) => {
      for (const [key, each] of births) for (const birth of each.split(" ")) await add(line("+", key, birth));
    });
    if (!begun) return;
    // Nothing that anyone relies on is appended to them from here on.
    for (const [file, offset] of offsets) {
      let appended = "";
      await this.#lines(file, offset, (text) => {
        appended += text;
      });
      if (appended !== "") await this.#append(appended, true);
      await this.#disk.host.fs.rm(this.#path(file), { force: true });
    }
  }

  /** Writes a file of the log; `false` if somebody else has. */
  async #write(file: number, fill: (add: (text: string) => Promise<void>) => Promise<void>): Promise<boolean> {
    const { host, temporary } = this.#disk;
    const encoder = new TextEncoder();
    const written = await Temporary.create(host, temporary);
    try {
      await fill((text) => written.writer.write(encoder.encode(text)));
      await host.fs.link(await written.finish(this.#disk.sync), this.#path(file));
    } catch (error) {
      if (hasCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      await written.discard();
    }
    await this.#disk.syncFolder(this.#disk.path("index"));
    return true;
  }

  /** The numbers of the files there are, the newest last. */
  async #files(): Promise<number[]> {
    const names = (await this.#disk.names(this.#disk.path("index"))) ?? [];
    const numbers = names.filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
    return numbers.sort((one, other) => one - other);
  }

  #path(file: number): string {
    return this.#disk.path("index", String(file));
  }
}

const decoder = new TextDecoder();

const NEWLINE = 10;

function line(sign: "+" | "-", key: string, birth: string): string {
  return `${sign}${birth} ${JSON.stringify(key)}\n`;
}

function unquoted(text: string): string | undefined {
  try {
    const key: unknown = JSON.parse(text);
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}

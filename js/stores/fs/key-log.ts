import { StoreError } from "../../errors.js";
import { SortedKeys } from "../sorted-keys.js";
import { type Disk, done } from "./disk.js";
import { decoder, isOld } from "./object-folder.js";

/** Lines that are read beyond four times what there is to say, before the log is made shorter. */
const SLACK = 20_000;

/** Bytes that are read, or said, at once: more than any line has. */
const PIECE = 256 * 1024;

/** The file whose presence says that all keys are in the log that were there before it. */
const WHOLE = "whole";

/** A key, and one of its creations. */
interface Entry {
  readonly key: string;
  readonly birth: string;
}

/**
 * The keys that may be there, in order: every key that is there, and some that are not. See `fs.ts`.
 *
 * The log is the files `index/1`, `index/2`, …; mostly there is one. A line is `+birth "key"`, of a creation that is about to happen, or
 * `-birth "key"`, of one that has failed or was undone. Who appends looks whether its file is the newest afterwards, and else
 * appends to the newest again. Who makes the log shorter begins a new file, then reads the older ones to their ends, says in the newest all that is
 * still true, and only then removes the older ones, the oldest first. So each line that matters is in a file at any time.
 */
export class KeyLog {
  readonly #disk: Disk;
  readonly #keys = new SortedKeys();
  /** The births of each key, with a blank between them. */
  readonly #births = new Map<string, string>();
  /** How many bytes of each file are read. */
  readonly #read = new Map<number, number>();
  /** How many lines that is, since the log was made shorter. */
  #lines = 0;
  #unsaid = "";
  #durable = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Begins the log with the keys that there are, unless that has been done. */
  async begin(present: () => AsyncIterable<Entry>): Promise<void> {
    if ((await this.#disk.names(this.#path())).includes(WHOLE)) return;
    await this.#begin(1);
    await this.#state(present());
    await this.#disk.fs.writeFile(this.#path(WHOLE), "");
    await this.#disk.syncFolder(this.#path());
  }

  /** Says that a key is about to be created. */
  async add(entry: Entry): Promise<void> {
    await this.#append(line("+", entry));
  }

  /** Says that a creation has failed, or was undone. Lost with the power, it would do no harm. */
  async remove(entry: Entry): Promise<void> {
    await this.#append(line("-", entry));
  }

  /** The next keys of a list that may be there: all that were created before the call. */
  async page(prefix: string, after: string | undefined, count: number): Promise<string[]> {
    await this.#refresh();
    return this.#keys.page(prefix, after, count);
  }

  /** Forgets the creations of a key that have not come about; `present` is the one that has. */
  async settle(key: string, present: string | undefined): Promise<void> {
    for (const birth of this.#birthsOf(key)) if (birth !== present && isOld(birth)) await this.remove({ key, birth });
  }

  #birthsOf(key: string): string[] {
    return this.#births.get(key)?.split(" ") ?? [];
  }

  async #append(text: string): Promise<void> {
    this.#unsaid += text;
    this.#durable ||= text[0] === "+";
    await this.#say();
  }

  /** What is said at once is written at once: each write of its own would wait for the disk. */
  readonly #say = inTurn(async () => {
    // What a writer that was killed has left of a line is one of its own.
    const bytes = new TextEncoder().encode(`\n${this.#unsaid}`);
    const durable = this.#durable && this.#disk.sync;
    [this.#unsaid, this.#durable] = ["", false];
    const { O_APPEND, O_WRONLY } = this.#disk.fs.constants;
    for (;;) {
      const file = (await this.#files()).at(-1);
      if (file === undefined) throw new StoreError("STORE_UNAVAILABLE", "the index is gone");
      // Not one that is made by opening it: that would be a file which nobody reads.
      const handle = await this.#disk.open(this.#path(file), O_WRONLY | O_APPEND);
      if (handle === undefined) continue;
      try {
        const { bytesWritten } = await handle.write(bytes, 0, bytes.byteLength);
        if (bytesWritten < bytes.byteLength) continue;
        if (durable) await handle.datasync();
      } finally {
        await handle.close();
      }
      if ((await this.#files()).at(-1) === file) return;
    }
  });

  /** Reads what was appended. */
  readonly #refresh = inTurn(async () => {
    for (let again = true; again; ) {
      const files = await this.#files();
      for (const known of this.#read.keys()) {
        if (files.includes(known)) continue;
        this.#read.delete(known);
        this.#lines = 0;
      }
      // One that is gone has been taken over by one that may not be in the list.
      again = false;
      for (const file of files) again = !(await this.#readFile(file)) || again;
    }
    if (this.#lines <= 4 * this.#births.size + SLACK) return;
    // It will be tried again when as many have come, and nobody waits for it.
    this.#lines = 0;
    void this.#compact().catch(() => {});
  });

  async #readFile(file: number): Promise<boolean> {
    const handle = await this.#disk.open(this.#path(file), "r");
    if (handle === undefined) return false;
    try {
      for (;;) {
        const at = this.#read.get(file) ?? 0;
        const { buffer, bytesRead } = await handle.read(new Uint8Array(PIECE), 0, PIECE, at);
        const end = buffer.lastIndexOf(NEWLINE) + 1;
        for (const each of decoder.decode(buffer.subarray(0, end)).split("\n")) this.#apply(each);
        // What follows the last end of a line is still being written; or it is no line, if it is so long.
        this.#read.set(file, at + (end || (bytesRead < PIECE ? 0 : PIECE)));
        if (bytesRead < PIECE) return true;
      }
    } finally {
      await handle.close();
    }
  }

  #apply(text: string): void {
    const [, sign, birth = "", quoted = ""] = /^([+-])(\S+) (".*")$/.exec(text) ?? [];
    let key: string;
    try {
      key = JSON.parse(quoted);
    } catch {
      return;
    }
    this.#lines += 1;
    const births = this.#birthsOf(key).filter((each) => each !== birth);
    if (sign === "+") births.push(birth);
    if (births.length > 0) {
      this.#births.set(key, births.join(" "));
      this.#keys.add(key);
    } else {
      this.#births.delete(key);
      this.#keys.delete(key);
    }
  }

  async #compact(): Promise<void> {
    const older = await this.#files();
    if (!(await this.#begin((older.at(-1) ?? 0) + 1))) return;
    // Nothing that anyone relies on is appended to the older ones from here on.
    await this.#refresh();
    await this.#state(this.#entries());
    for (const file of older) await this.#disk.remove(this.#path(file));
  }

  *#entries(): Generator<Entry> {
    for (const key of this.#births.keys()) for (const birth of this.#birthsOf(key)) yield { key, birth };
  }

  /** Says what is there, so that it lasts. */
  async #state(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    let text = "";
    for await (const entry of entries) {
      text += line("+", entry);
      if (text.length < PIECE) continue;
      await this.#append(text);
      text = "";
    }
    await this.#append(text);
  }

  /** Begins a file; `false` if somebody else has. */
  async #begin(file: number): Promise<boolean> {
    const begun = await done(this.#disk.fs.writeFile(this.#path(file), "", { flag: "wx" }), "EEXIST");
    await this.#disk.syncFolder(this.#path());
    return begun;
  }

  /** The numbers of the files there are, the newest last. */
  async #files(): Promise<number[]> {
    const names = await this.#disk.names(this.#path());
    return names
      .map(Number)
      .filter(Number.isInteger)
      .sort((one, other) => one - other);
  }

  #path(name: string | number = ""): string {
    return this.#disk.at("index", String(name));
  }
}

const NEWLINE = 10;

function line(sign: "+" | "-", { key, birth }: Entry): string {
  return `${sign}${birth} ${JSON.stringify(key)}\n`;
}

/** Work that one run does for all who have asked: each gets one that begins after the call, when the one before has ended. */
function inTurn(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        running = work();
        return running;
      });
    return next;
  };
}

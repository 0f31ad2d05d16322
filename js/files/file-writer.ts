import type { Descriptor } from "../generated/Descriptor.js";

/** A file that is open, as far as its writers need it: by Node's types, users would need them for the declarations of `./layout`. */
export interface OpenFile {
  readonly fd: number;
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
}

/** Where content goes. */
export interface Sink {
  /** Takes bytes; resolves when more may come. */
  write(chunk: Uint8Array): Promise<void>;
  /** The digest of all of them, where they are hashed there; then they are not hashed here. */
  digest?(): Promise<string>;
}

/** Writes the bytes of one open file, in order: one call at a time. What was given is its own from then on, with the memory that it is in. */
export interface FileWriter extends Sink {
  /** Resolves when all is written. May be called again. */
  end(): Promise<void>;
  /** Gives up what is not written yet. Resolves when nothing touches the file any more; never rejects. */
  stop(): Promise<void>;
}

/** Gives what writes a blob's file; undefined where it is to be written, and hashed, on the thread that receives it. */
export type BlobWriter = (handle: OpenFile, blob: Descriptor) => FileWriter | undefined;

/** Bytes that are written at once: each write costs a change of threads. */
const BATCH = 256 * 1024;

/** Buffers that wait for the next file, and how many of them are kept: what is made anew for each file is garbage for long. */
const spare: Uint8Array<ArrayBuffer>[] = [];
const MAX_SPARE = 16;

/**
 * Writes by way of the host. That bytes are copied, as good as free beside hashing, lets the pieces that come from a network go while they
 * are young; kept until they are written, they would outlive many a collection of garbage.
 */
export class BatchWriter implements FileWriter {
  readonly #handle: OpenFile;
  /** What is gathered, and how many bytes of it. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  /** Ends when the buffer before is written. */
  #writing: Promise<void> = Promise.resolve();

  constructor(handle: OpenFile) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      this.#buffer ??= spare.pop() ?? new Uint8Array(BATCH);
      const part = bytes.subarray(at, at + BATCH - this.#filled);
      this.#buffer.set(part, this.#filled);
      at += part.byteLength;
      this.#filled += part.byteLength;
      if (this.#filled === BATCH) await this.#flush();
    }
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async stop(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  /** Begins to write what is gathered, once what came before is written. */
  async #flush(): Promise<void> {
    await this.#writing;
    const [buffer, size] = [this.#buffer, this.#filled];
    if (buffer === undefined) return;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#writing = this.#writeOut(buffer, size);
    // It is waited for later.
    this.#writing.catch(() => {});
  }

  async #writeOut(buffer: Uint8Array<ArrayBuffer>, size: number): Promise<void> {
    for (let at = 0; at < size; ) at += (await this.#handle.write(buffer, at, size - at)).bytesWritten;
    if (spare.length < MAX_SPARE) spare.push(buffer);
  }
}

import { availableParallelism } from "node:os";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { InternalError } from "../../entry/index.js";
import type { BlobWriter, FileWriter, OpenFile } from "../../files/file-writer.js";
import type { Descriptor } from "../../generated/Descriptor.js";
import { givePiece, isPiece, PIECE, takePiece } from "../pieces.js";
import type { Order, Report } from "./messages.js";

/** Pieces that may be on their way to the thread: 8 MiB, a few milliseconds of its work. */
const IN_FLIGHT = 16;

/** Files that may be open, each of which gathers one piece more. */
const MAX_FILES = 64;

/** The bytes of a blob below which it is not worth the messages. */
const LEAST = 1024 * 1024;

/** Found from `dist/entry` and from `dist/cli`: in one of them this code stands once it is joined. */
const THREAD = new URL("../cli/threads/blob-thread.js", import.meta.url);

type Algorithm = "sha256" | "sha512";

/**
 * Writes blobs on a thread of its own, so that one processor receives while another hashes and writes. The thread starts at once, beside what
 * has to be asked before there is a blob. Undefined where there is but one processor.
 */
export function blobWriter(): BlobWriter | undefined {
  if (availableParallelism() < 2) return undefined;
  try {
    const writers = new BlobWriters(THREAD);
    return (handle, blob) => (blob.size < LEAST ? undefined : writers.open(handle, blob));
  } catch {
    // A host may allow no threads (Node's permission model); then all is done on this one.
    return undefined;
  }
}

/** The files that one thread writes. It keeps the process while there are some. */
export class BlobWriters {
  readonly #worker: Worker;
  readonly #files = new Map<number, ThreadFile>();
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  #opened = 0;
  #failure: Error | undefined;

  /** Starts the thread. */
  constructor(script: URL) {
    // What Node was told to load, or to watch, is for the command alone.
    this.#worker = new Worker(script, { execArgv: [], env: SHARE_ENV, trackUnmanagedFds: false });
    this.#worker.on("message", (report: Report) => this.#done(report));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", (code) => this.#fail(new Error(`it ended with ${code}`)));
    // Whoever listens for messages keeps the process, unless that is taken back afterwards.
    this.#worker.unref();
  }

  /** What writes a file that is open, and empty; undefined if it cannot be done here. */
  open(handle: OpenFile, { digest }: Descriptor): FileWriter | undefined {
    const algorithm = digest.slice(0, digest.indexOf(":"));
    if (algorithm !== "sha256" && algorithm !== "sha512") return undefined;
    if (this.#failure !== undefined || this.#files.size === MAX_FILES) return undefined;
    const number = this.#opened++;
    const file = new ThreadFile(this, number, algorithm);
    this.#files.set(number, file);
    this.#worker.ref();
    this.order({ kind: "open", file: number, fd: handle.fd, algorithm });
    return file;
  }

  /** Ends the thread. What is open fails. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Sends the memory of a piece to the thread, once there is room. */
  async send(file: number, buffer: ArrayBuffer, length: number): Promise<void> {
    while (this.#inFlight === IN_FLIGHT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inFlight += 1;
    this.order({ kind: "piece", file, buffer, length }, [buffer]);
  }

  order(order: Order, transferred: ArrayBuffer[] = []): void {
    this.#worker.postMessage(order, transferred);
  }

  #done(report: Report): void {
    const file = this.#files.get(report.file);
    if (report.kind === "close") {
      this.#remove(report.file);
      file?.closed(report.encoded);
      return;
    }
    this.#inFlight -= 1;
    givePiece(report.buffer);
    if (report.failure !== undefined) {
      const { message, details } = report.failure;
      file?.fail(Object.assign(new Error(message), details));
    }
    this.#waiting.shift()?.();
  }

  #remove(file: number): void {
    this.#files.delete(file);
    if (this.#files.size === 0) this.#worker.unref();
  }

  /** The thread is gone. */
  #fail(cause: unknown): void {
    this.#failure ??= new InternalError("the thread that writes blobs has failed", { cause });
    for (const [number, file] of [...this.#files]) {
      file.fail(this.#failure);
      file.closed("");
      this.#remove(number);
    }
    // Who waits for room finds that its file has failed.
    this.#inFlight = 0;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A file that the thread writes. */
class ThreadFile implements FileWriter {
  readonly #writers: BlobWriters;
  readonly #number: number;
  readonly #algorithm: Algorithm;
  /** What is gathered of bytes that are in no piece of their own, and how many they are. */
  #gathered: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #failure: { readonly reason: Error } | undefined;
  /** Resolves with the encoded part of the digest when the thread has let go of the file. */
  readonly #closed: Promise<string>;
  closed: (encoded: string) => void = () => {};
  #closing = false;

  constructor(writers: BlobWriters, number: number, algorithm: Algorithm) {
    this.#writers = writers;
    this.#number = number;
    this.#algorithm = algorithm;
    this.#closed = new Promise((resolve) => {
      this.closed = resolve;
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (isPiece(bytes)) {
      await this.#flush();
      this.#check();
      return await this.#writers.send(this.#number, bytes.buffer, bytes.byteLength);
    }
    for (let at = 0; at < bytes.byteLength; ) {
      this.#check();
      this.#gathered ??= takePiece();
      const part = bytes.subarray(at, at + PIECE - this.#filled);
      this.#gathered.set(part, this.#filled);
      at += part.byteLength;
      this.#filled += part.byteLength;
      if (this.#filled === PIECE) await this.#flush();
    }
  }

  async end(): Promise<void> {
    await this.digest();
  }

  async digest(): Promise<string> {
    if (!this.#closing) await this.#flush();
    const encoded = await this.#close();
    this.#check();
    return `${this.#algorithm}:${encoded}`;
  }

  async stop(): Promise<void> {
    if (this.#gathered !== undefined) givePiece(this.#gathered.buffer);
    this.#gathered = undefined;
    await this.#close();
  }

  fail(reason: Error): void {
    this.#failure ??= { reason };
  }

  #close(): Promise<string> {
    if (!this.#closing) this.#writers.order({ kind: "close", file: this.#number });
    this.#closing = true;
    return this.#closed;
  }

  async #flush(): Promise<void> {
    const [gathered, length] = [this.#gathered, this.#filled];
    if (gathered === undefined) return;
    this.#gathered = undefined;
    this.#filled = 0;
    await this.#writers.send(this.#number, gathered.buffer, length);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}

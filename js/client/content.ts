import { toBytes } from "../bytes.js";
import { type BodySettings, HostBody, type HostContent } from "../core/host.js";
import { optionalText } from "../core/text.js";
import { type Algorithm, algorithmOf } from "../digest.js";
import { type HashEngine, hashEngine } from "../engine/engine.js";
import { OciError, TransferError } from "../errors.js";
import { ByteSource } from "../source.js";
import { digestStream, isCount } from "../stream.js";
import type { OperationOptions } from "./raw.js";

/** Bytes of a piece of what is in memory. */
const PIECE = 256 * 1024;

/** Something that can be read more than once: a file, or what another registry has. */
export interface ContentSource {
  /** Its size in bytes. */
  readonly size: number;
  /** Its digest, where it is known; else all of it is read once before it is pushed. */
  readonly digest?: string | undefined;
  /** Begins to read at an offset in bytes, 0 to `size`. */
  open(offset: number): ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;
}

/** What can be pushed. A stream can be read but once, so that each part of it is held until it has arrived. */
export type PushContent = Uint8Array | ArrayBuffer | globalThis.Blob | ReadableStream<Uint8Array> | ContentSource;

/** How far a transfer has come. */
export interface Progress {
  /** The digest, where it is known yet. */
  readonly digest?: string;
  /** How many bytes were sent; fewer than before where a part is sent again. */
  readonly bytes: number;
  /** How many there are, where it is known yet. */
  readonly total?: number;
}

/** What a content may be pushed with. */
export interface ContentOptions extends OperationOptions {
  /** Its digest, to be verified; then nothing is sent that the registry has. */
  digest?: string | undefined;
  /** Its size in bytes, to be verified. */
  size?: number | undefined;
  /** The algorithm of its digest, where that is not given; `sha256` if it is left out. */
  algorithm?: Algorithm | undefined;
  /** Is told how far it has come. What it throws is what the push rejects with. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

type Open = (offset: number) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;

/** A content as the core pushes it. */
export class Content implements HostContent {
  readonly size: number | undefined;
  readonly algorithm: Algorithm;
  readonly reopens: boolean;
  /** What its own side threw, which is what the push failed with. */
  failure: { readonly reason: unknown } | undefined;
  #digest: string | undefined;
  #open: Open | undefined;
  readonly #options: ContentOptions;

  /** @param open begins to read it; once only unless `reopens` */
  constructor(open: Open, size: number | undefined, reopens: boolean, options: ContentOptions) {
    if (size !== undefined && !isCount(size)) {
      throw new OciError("INVALID_ARGUMENT", "size is not a whole number of bytes");
    }
    this.#open = open;
    this.size = size;
    this.reopens = reopens;
    this.#digest = optionalText("digest", options.digest);
    this.algorithm = this.#digest === undefined ? (options.algorithm ?? "sha256") : algorithmOf(this.#digest);
    this.#options = options;
  }

  /** What was given, as a content. Hashes what can be read twice and has no digest. */
  static async of(given: PushContent, options: ContentOptions): Promise<Content> {
    const content = contentOf(given, options);
    if (content.reopens && content.digest === undefined) await content.#hash();
    return content;
  }

  get digest(): string | undefined {
    return this.#digest;
  }

  sent(bytes: number): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    const { digest, size: total } = this;
    try {
      onProgress({ ...(digest && { digest }), bytes, ...(total !== undefined && { total }) });
    } catch (reason) {
      this.failure ??= { reason };
    }
  }

  async open(offset: number): Promise<HostBody | undefined> {
    const open = this.#open;
    if (open === undefined) return undefined;
    if (!this.reopens) {
      if (offset > 0) return undefined;
      this.#open = undefined;
    }
    let at = offset;
    const settings: BodySettings = {
      onTaken: (bytes) => {
        at += bytes;
        this.sent(at);
      },
    };
    try {
      return new HostBody(this.#read(await open(offset)), settings, this.#options.signal);
    } catch (reason) {
      throw this.#failed(reason);
    }
  }

  /** Gives up what nobody has read. */
  dispose(): void {
    const open = this.#open;
    this.#open = undefined;
    if (!this.reopens && open !== undefined) (open(0) as ReadableStream).cancel().catch(() => {});
  }

  async #hash(): Promise<void> {
    const { signal } = this.#options;
    const stream = await (this.#open as Open)(0);
    const { digest, size } = await digestStream(stream, { algorithm: this.algorithm, signal });
    agree(size, this.size);
    this.#digest = digest;
  }

  /** The stream, hashed where its digest is not known, and its failure kept. */
  #read(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const source = new ByteSource(stream, {});
    const engine: HashEngine | undefined = this.#digest === undefined ? hashEngine(this.algorithm) : undefined;
    return new ReadableStream(
      {
        pull: async (controller) => {
          try {
            if (this.failure) throw this.failure.reason;
            const chunk = await source.read();
            if (chunk !== undefined) {
              await engine?.update(chunk);
              controller.enqueue(chunk);
              return;
            }
            if (engine !== undefined) this.#digest = `${this.algorithm}:${await engine.digest()}`;
            engine?.dispose();
            controller.close();
          } catch (error) {
            engine?.dispose();
            source.cancel(error).catch(() => {});
            throw this.#failed(error);
          }
        },
        cancel: async (reason) => {
          engine?.dispose();
          await source.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  #failed(error: unknown): OciError {
    // Of a source that failed, what it failed with is the cause.
    const reason = error instanceof OciError && error.code === "CONNECTION_LOST" ? error.cause : error;
    this.failure ??= { reason };
    return new OciError("ABORTED", "the content could not be read", { cause: reason });
  }
}

function contentOf(given: PushContent, options: ContentOptions): Content {
  if (isStream(given)) return new Content(() => given, options.size, false, options);
  if (isBlob(given)) {
    agree(given.size, options.size);
    return new Content((offset) => given.slice(offset).stream(), given.size, true, options);
  }
  if (isSource(given)) {
    agree(given.size, options.size);
    const { digest = given.digest } = options;
    return new Content((offset) => given.open(offset), given.size, true, { ...options, digest });
  }
  const bytes = toBytes(given);
  agree(bytes.byteLength, options.size);
  return new Content((offset) => streamOf(bytes.subarray(offset)), bytes.byteLength, true, options);
}

function agree(size: number, expected: number | undefined): void {
  if (expected !== undefined && size !== expected) {
    const details = { expected, actual: size };
    throw new TransferError("SIZE_MISMATCH", `the content has ${size} bytes, not ${expected}`, details);
  }
}

// By what they can do: a file of another realm is an instance of another class.
function isBlob(given: PushContent): given is globalThis.Blob {
  return typeof (given as globalThis.Blob)?.slice === "function" && "stream" in given;
}

function isStream(given: PushContent): given is ReadableStream<Uint8Array> {
  return typeof (given as ReadableStream)?.getReader === "function";
}

function isSource(given: PushContent): given is ContentSource {
  return typeof (given as ContentSource)?.open === "function";
}

/** The bytes in pieces, so that nobody has to take, or to hash, all of them at once. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull: (controller) => {
        if (at >= bytes.byteLength) return controller.close();
        controller.enqueue(bytes.subarray(at, at + PIECE));
        at += PIECE;
      },
    },
    { highWaterMark: 0 },
  );
}

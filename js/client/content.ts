import { toBytes } from "../bytes.js";
import { type BodySettings, HostBody, type HostContent } from "../core/host.js";
import { optionalText } from "../core/text.js";
import { type Algorithm, algorithmOf } from "../digest.js";
import { type HashEngine, hashEngine } from "../engine/engine.js";
import { OciError, TransferError } from "../errors.js";
import { ByteSource } from "../source.js";
import { digestStream, isCount, streamOf } from "../stream.js";
import type { OperationOptions } from "./raw.js";

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

  private constructor(given: PushContent, options: ContentOptions) {
    const [open, size, digest] = opened(given);
    this.#open = open;
    this.reopens = size !== undefined;
    this.size = size ?? options.size;
    agree(this.size, options.size);
    if (this.size !== undefined && !isCount(this.size)) {
      throw new OciError("INVALID_ARGUMENT", "size is not a whole number of bytes");
    }
    this.#digest = optionalText("digest", options.digest ?? digest);
    this.algorithm = this.#digest === undefined ? (options.algorithm ?? "sha256") : algorithmOf(this.#digest);
    this.#options = options;
  }

  /** What was given, as a content. Reads it to hash it, where it can be read twice and has no digest. */
  static async of(given: PushContent, options: ContentOptions): Promise<Content> {
    const content = new Content(given, options);
    const { algorithm, reopens } = content;
    if (!reopens || content.digest !== undefined) return content;
    const { digest, size } = await digestStream(await (content.#open as Open)(0), { ...options, algorithm });
    agree(size, content.size);
    content.#digest = digest;
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

  /** The stream, hashed where its digest is not known, and its failure kept. */
  #read(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const source = new ByteSource(stream, {});
    let cancelled = false;
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
            // A request that is over wants no more of it: nothing is wrong with the content.
            if (cancelled) return;
            engine?.dispose();
            source.cancel(error).catch(() => {});
            throw this.#failed(error);
          }
        },
        cancel: async (reason) => {
          cancelled = true;
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

/** How to read what was given, its size and its digest. What has no size can be read but once. */
function opened(given: PushContent): [open: Open, size?: number, digest?: string | undefined] {
  // By what they can do: a file or a stream of another realm is an instance of another class.
  const can = (name: string) => typeof (given as unknown as Record<string, unknown> | undefined)?.[name] === "function";
  if (can("getReader")) return [() => given as ReadableStream];
  if (can("stream"))
    return [(offset) => (given as globalThis.Blob).slice(offset).stream(), (given as globalThis.Blob).size];
  if (can("open")) {
    const source = given as ContentSource;
    return [(offset) => source.open(offset), source.size, source.digest];
  }
  const bytes = toBytes(given as Uint8Array);
  return [(offset) => streamOf(bytes.subarray(offset)), bytes.byteLength];
}

function agree(size: number | undefined, expected: number | undefined): void {
  if (size !== undefined && expected !== undefined && size !== expected) {
    const details = { expected, actual: size };
    throw new TransferError("SIZE_MISMATCH", "the content has another size", details);
  }
}

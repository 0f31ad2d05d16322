import { optionalText, text } from "../core/text.js";
import { type Embedding, embedded } from "../embedded.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { type ByteRange, checkedRange, pastTheEnd, streamOf, verifyStream } from "../stream.js";
import { Content, type ContentOptions, type PushContent } from "./content.js";
import { type Ask, type Part, readParts, tooLarge } from "./parts.js";
import { type OperationOptions, type RawClient, run } from "./raw.js";

/** What a blob may be asked with. */
export interface BlobOptions extends OperationOptions {
  /** The descriptor's size in bytes, to be verified too. */
  size?: number | undefined;
  /** The most bytes to take: more are `TOO_LARGE`, at once where the size is known. */
  limit?: number | undefined;
}

/** What a part of a blob may be asked with. */
export interface BlobRangeOptions extends BlobOptions {
  /** The part, which nothing can verify. An end past the last byte means the last byte. */
  range: ByteRange;
}

/** A blob that is being read. */
export interface Blob {
  /** Its digest. */
  readonly digest: string;
  /** Its size in bytes, where the descriptor or the registry says. */
  readonly size?: number;
  /**
   * Its bytes. The stream errors before its last byte unless all of them have been found to have the digest, so that who
   * read it to its end has the blob.
   */
  readonly body: ReadableStream<Uint8Array>;
  /** That it is verified. */
  readonly verified: true;
}

/** A part of a blob that is being read: bytes as the registry sends them. */
export interface BlobPart extends Omit<Blob, "verified" | "body"> {
  /** The bytes of the part. They are those that were asked for, if the registry is honest. */
  readonly body: ReadableStream<Uint8Array>;
  /** That nothing was verified: a digest covers all of a blob, or nothing. */
  readonly verified: false;
}

/** What a registry says of a blob. */
export type BlobHead = Pick<Blob, "digest" | "size">;

/** What a blob may be pushed with. */
export interface PushOptions extends ContentOptions {
  /** A repository of the same registry that may have the blob; else the registry is asked whether it has it anywhere. */
  mountFrom?: string | undefined;
  /** Bytes of a chunk, where the blob is sent in chunks and the registry leaves the choice; 4 MiB if it is left out. */
  chunkSize?: number | undefined;
}

/** A blob that the repository has now. */
export interface PushedBlob {
  /** Its digest. */
  readonly digest: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Whether it was sent, or was there, in this repository or in another one. */
  readonly status: "uploaded" | "existed" | "mounted";
}

/** The blobs of a repository (end-2, end-4 to end-6, end-10, end-11). */
export class Blobs {
  readonly #client: RawClient;
  readonly #name: string;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * Opens a blob; it is verified as it streams. Where its connection breaks, it is gone on with from the byte that was reached, and
   * verified as one. With a `range`, opens that part of it, which cannot be verified. Of a descriptor, the size is verified too, and what
   * is embedded in it (`data`), and is what it says, is not asked for.
   */
  async get(blob: string | Embedding, options: BlobRangeOptions): Promise<BlobPart>;
  async get(blob: string | Embedding, options?: BlobOptions & { range?: undefined }): Promise<Blob>;
  async get(
    blob: string | Embedding,
    given: BlobOptions & { range?: ByteRange | undefined } = {},
  ): Promise<Blob | BlobPart> {
    const isNamed = typeof blob === "object" && blob !== null;
    const options = isNamed ? { ...given, size: blob.size } : given;
    const asked = text("the digest", isNamed ? blob.digest : blob);
    const { signal, limit = Number.POSITIVE_INFINITY } = options;
    const range = checkedRange(options.range, options.size);
    const { start = 0, end } = range ?? {};
    const own = isNamed && range === undefined && embedded(blob);
    if (own) {
      if (own.length > limit) throw tooLarge(limit, own.length);
      return { digest: asked, size: own.length, body: streamOf(own), verified: true };
    }
    const ask = this.#asking(asked, { ...options, end });
    const first = await ask(start, 0);
    const { size } = first;
    const head = { digest: asked, ...(size !== undefined && { size }) };
    const most = size === undefined ? 0 : Math.min(size, (end ?? size) + 1) - start;
    const past = size !== undefined && start > 0 && start >= size;
    if (past || most > limit) {
      first.body.cancel();
      throw past ? pastTheEnd(start, size) : tooLarge(limit, most);
    }
    const body = readParts(first, ask, { start, ...(end !== undefined && { end }), limit });
    if (range !== undefined) return { ...head, body, verified: false };
    const { encoded: contentEncoded } = first;
    return { ...head, body: verifyStream(body, head, { contentEncoded, signal }), verified: true };
  }

  /**
   * Opens a blob at an offset, to be verified by whoever reads it; gone on with as {@link get} does. Verified where only this side knows
   * that other bytes are no proof.
   *
   * @internal
   */
  async open({ digest, size }: Descriptor, start: number, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const ask = this.#asking(digest, { size, signal });
    const first = await ask(start, 0);
    const body = readParts(first, ask, { start, limit: Number.POSITIVE_INFINITY });
    const { encoded: contentEncoded } = first;
    return contentEncoded && start === 0 ? verifyStream(body, { digest, size }, { contentEncoded, signal }) : body;
  }

  #asking(digest: string, options: BlobOptions & { end?: number | undefined }): Ask {
    let { size } = options;
    return async (start, failures, retryAfter) => {
      const { end } = options;
      const asked = [this.#name, digest, size, start, end, failures, retryAfter] as const;
      const part = await run<Part>(this.#client, options, "blob", ...asked);
      size ??= part.size;
      return part;
    };
  }

  /** Asks for a blob's size, where the registry states it. */
  async head(digest: string, options: OperationOptions = {}): Promise<BlobHead> {
    return await this.#act("blobHead", digest, options);
  }

  /**
   * Pushes a blob, unless the registry has it. What cannot be read twice, and what a browser sends, goes in chunks; what breaks on
   * the way is gone on with. A content of known digest that turns out to be another never comes to be a blob.
   *
   * Rejects with what the content's own stream failed with; with `DIGEST_MISMATCH`, `SIZE_MISMATCH` or `BODY_TRUNCATED` where
   * it is not what it was said to be. A push that fails or is aborted takes its upload session back, as far as the registry lets it.
   */
  async push(content: PushContent, options: PushOptions = {}): Promise<PushedBlob> {
    const { signal, chunkSize } = options;
    signal?.throwIfAborted();
    const from = optionalText("mountFrom", options.mountFrom);
    const pushed = await Content.of(content, options);
    try {
      return await run<PushedBlob>(
        this.#client,
        options,
        "pushBlob",
        this.#name,
        pushed,
        pushed.algorithm,
        from,
        chunkSize,
      );
    } catch (error) {
      throw pushed.failure === undefined || signal?.aborted ? error : pushed.failure.reason;
    } finally {
      pushed.dispose();
    }
  }

  /**
   * Has the registry take a blob from another repository of its own, or from any where `from` is left out. Whether it did: a registry
   * need not.
   */
  async mount(digest: string, from?: string, options: OperationOptions = {}): Promise<boolean> {
    return await this.#act("mountBlob", digest, options, optionalText("from", from));
  }

  /** Deletes a blob. Many registries let nobody do that: a `RegistryError` of status 405. */
  async delete(digest: string, options: OperationOptions = {}): Promise<void> {
    await this.#act("deleteBlob", digest, options);
  }

  #act<T>(
    action: "blobHead" | "mountBlob" | "deleteBlob",
    digest: string,
    options: OperationOptions,
    from?: string,
  ): Promise<T> {
    return run(this.#client, options, action, this.#name, text("the digest", digest), from);
  }
}

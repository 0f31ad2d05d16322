import { core } from "../core/core.js";
import type { HostBody } from "../core/host.js";
import { text } from "../core/text.js";
import type { OperationOptions, RawClient } from "./raw.js";

/** What a blob may be asked with. */
export interface BlobOptions extends OperationOptions {
  /** The descriptor's size in bytes, to be verified too. */
  size?: number | undefined;
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
}

/** What a registry says of a blob. */
export type BlobHead = Pick<Blob, "digest" | "size">;

/** The blobs of a repository (end-2). */
export class Blobs {
  readonly #client: RawClient;
  readonly #name: string;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Opens a blob; it is verified as it streams. */
  async get(digest: string, options: BlobOptions = {}): Promise<Blob> {
    const asked = text("the digest", digest);
    const client = this.#client.get();
    const { body, ...head } = await core.run<BlobHead & { body: HostBody }>(
      () => client.blob(this.#name, asked, options.size),
      options.signal,
    );
    return { ...head, body: body.stream };
  }

  /** Asks for a blob's size, where the registry states it. */
  async head(digest: string, options: OperationOptions = {}): Promise<BlobHead> {
    const asked = text("the digest", digest);
    const client = this.#client.get();
    return await core.run(() => client.blobHead(this.#name, asked), options.signal);
  }
}

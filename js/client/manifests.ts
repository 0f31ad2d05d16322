import { core } from "../core/core.js";
import { optionalTexts, text } from "../core/text.js";
import { OciDocument } from "../document.js";
import type { OperationOptions, RawClient } from "./raw.js";

/** What a manifest may be asked with. */
export interface ManifestOptions extends OperationOptions {
  /** The media types to accept, in place of all that the specifications know. */
  accept?: readonly string[] | undefined;
}

/** What a registry says of a manifest. */
export interface ManifestHead {
  /** Its digest. */
  readonly digest: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Its media type, where the registry names one. */
  readonly mediaType?: string;
}

/** The bytes of a manifest, which were verified, whatever they say. */
export interface RawManifest extends ManifestHead {
  /**
   * Whether the bytes were held against a digest that was known before them: the one asked for, or the one that the registry
   * states. If not, `digest` is only what they were found to have.
   */
  readonly verified: boolean;
  /** Its exact bytes. */
  readonly bytes: Uint8Array;
}

/** A manifest as it was read. */
export interface Manifest extends RawManifest {
  /** The document that its bytes are. */
  readonly document: OciDocument;
}

/** The manifests of a repository (end-3). */
export class Manifests {
  readonly #client: RawClient;
  readonly #name: string;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * Reads a manifest by tag or digest, 8 MiB at most, and verifies it. Rejects with a `DigestMismatchError`, or a
   * `ManifestError` where its media type is not the one it was served by, or it could be read in two ways.
   */
  async get(reference: string, options: ManifestOptions = {}): Promise<Manifest> {
    const read = await this.#read(reference, options, false);
    return { ...read, document: OciDocument.parse(read.bytes, { mediaType: read.mediaType }) };
  }

  /**
   * Reads the bytes of a manifest as {@link get} does, and verifies them, but not what they say: for whoever wants to know what is
   * wrong with it. Its media type is the one it was served by.
   */
  async raw(reference: string, options: ManifestOptions = {}): Promise<RawManifest> {
    return await this.#read(reference, options, true);
  }

  /** Asks for a manifest's digest, size and media type, as the registry states them. */
  async head(reference: string, options: ManifestOptions = {}): Promise<ManifestHead> {
    const [asked, accept] = manifestArguments(reference, options);
    const client = this.#client.get();
    return await core.run(() => client.manifestHead(this.#name, asked, accept), options.signal);
  }

  async #read(reference: string, options: ManifestOptions, raw: boolean): Promise<RawManifest> {
    const [asked, accept] = manifestArguments(reference, options);
    const client = this.#client.get();
    return await core.run(() => client.manifest(this.#name, asked, accept, raw), options.signal);
  }
}

function manifestArguments(reference: string, { accept }: ManifestOptions): [string, string | undefined] {
  return [text("the reference", reference), optionalTexts("accept", accept)?.join(", ")];
}

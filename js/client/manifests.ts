import { toBytes } from "../bytes.js";
import { optionalText, optionalTexts, text } from "../core/text.js";
import { OciDocument, readable } from "../document.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { type OperationOptions, type RawClient, run } from "./raw.js";

/** What a manifest may be asked with. */
export interface ManifestOptions extends OperationOptions {
  /** The media types to accept, in place of all that the specifications know. */
  accept?: readonly string[] | undefined;
}

/** How a manifest may be read. */
export interface ReadManifestOptions extends ManifestOptions {
  /**
   * What is known of the manifest already: the `etag` of an earlier read, or its `digest` where the registry gave none. If it is still
   * that, there is nothing to read.
   */
  ifNoneMatch?: string | undefined;
}

/** How a manifest is pushed. */
export interface PutManifestOptions extends OperationOptions {
  /** Where it goes: a tag; or a digest, which it must have. By its SHA-256 digest if this is left out. */
  reference?: string | undefined;
  /** The tags that are to point at it, beside that in `reference`: in one request where the registry takes them so. */
  tags?: readonly string[] | undefined;
  /** Its media type, where it does not name it itself. */
  mediaType?: string | undefined;
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

/** What was pushed. */
export interface PushedManifest {
  /** Its digest. */
  readonly digest: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The media type it was pushed as. */
  readonly mediaType: string;
  /** The digest of the manifest that it refers to, whose list of referrers has it now. */
  readonly subject?: string;
  /** The tags that point at it now, each once. */
  readonly tags: readonly string[];
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
  /** Its entity tag, where the registry gave one. */
  readonly etag?: string;
}

/** A manifest as it was read. */
export interface Manifest extends RawManifest {
  /** The document that its bytes are. */
  readonly document: OciDocument;
}

/** The manifests of a repository (end-3, end-7, end-9). */
export class Manifests {
  readonly #client: RawClient;
  readonly #name: string;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * Reads a manifest by tag or digest, 8 MiB at most, and verifies it; `undefined` only if it is still the one of `ifNoneMatch`. Rejects
   * with a `DigestMismatchError`, or a `ManifestError` where its media type is not the one it was served by, or it could be read in
   * two ways.
   */
  async get(reference: string, options?: ReadManifestOptions & { ifNoneMatch?: undefined }): Promise<Manifest>;
  async get(reference: string, options: ReadManifestOptions): Promise<Manifest | undefined>;
  async get(reference: string, options: ReadManifestOptions = {}): Promise<Manifest | undefined> {
    const read = await this.#read(reference, options, false);
    return read && { ...read, document: OciDocument.parse(read.bytes, { mediaType: read.mediaType }) };
  }

  /**
   * Reads the bytes of a manifest as {@link get} does, and verifies them, but not what they say: for whoever wants to know what is
   * wrong with it. Its media type is the one it was served by.
   */
  async raw(reference: string, options?: ReadManifestOptions & { ifNoneMatch?: undefined }): Promise<RawManifest>;
  async raw(reference: string, options: ReadManifestOptions): Promise<RawManifest | undefined>;
  async raw(reference: string, options: ReadManifestOptions = {}): Promise<RawManifest | undefined> {
    return await this.#read(reference, options, true);
  }

  /** Asks for a manifest's digest, size and media type, as the registry states them. */
  async head(reference: string, options: ManifestOptions = {}): Promise<ManifestHead> {
    const [asked, accept] = manifestArguments(reference, options);
    return await run(this.#client, options, "manifestHead", this.#name, asked, accept);
  }

  /**
   * Whether the registry itself has a manifest: a mirror of it may have others.
   *
   * @internal
   */
  async has({ digest, mediaType }: Descriptor, options: OperationOptions): Promise<boolean> {
    return await run(this.#client, options, "hasManifest", this.#name, digest, mediaType);
  }

  /**
   * Pushes a manifest in its exact bytes, 8 MiB at most, under all its tags. Where it has a subject and the registry does not put it among
   * the referrers by itself, the index under the fallback tag is changed. Rejects with a `ManifestError` before anything is sent where
   * its media type is not the one given, or it could be read in two ways.
   *
   * In a browser, a registry of another origin must expose `OCI-Subject` and `OCI-Tag`, or its referrers and tags are written twice.
   */
  async put(content: Uint8Array | OciDocument, options: PutManifestOptions = {}): Promise<PushedManifest> {
    const { bytes, mediaType: own } = "bytes" in Object(content) ? (content as OciDocument) : { bytes: content };
    const exact = readable(toBytes(bytes as Uint8Array));
    const reference = optionalText("the reference", options.reference);
    const tags = optionalTexts("tags", options.tags) ?? [];
    const mediaType = optionalText("mediaType", options.mediaType ?? own);
    const pushed = await run<Omit<PushedManifest, "tags">>(
      this.#client,
      options,
      "putManifest",
      this.#name,
      exact,
      reference,
      mediaType,
      ...tags,
    );
    const first = reference === undefined || reference.includes(":") ? [] : [reference];
    return { ...pushed, tags: [...new Set([...first, ...tags])] };
  }

  /**
   * Deletes a manifest by its digest, with every tag that points at it; or a tag alone. Where it has a subject and the registry keeps no
   * list of referrers by itself, it is taken out of the index under the fallback tag. Rejects with a `RegistryError` `UNSUPPORTED` where
   * the registry does not allow it.
   */
  async delete(reference: string, options: OperationOptions = {}): Promise<void> {
    await run<void>(this.#client, options, "deleteManifest", this.#name, text("the reference", reference));
  }

  async #read(reference: string, options: ReadManifestOptions, raw: boolean): Promise<RawManifest | undefined> {
    const [asked, accept] = manifestArguments(reference, options);
    const known = optionalText("ifNoneMatch", options.ifNoneMatch);
    return await run(this.#client, options, "manifest", this.#name, asked, accept, known, raw);
  }
}

function manifestArguments(reference: string, { accept }: ManifestOptions): [string, string | undefined] {
  return [text("the reference", reference), optionalTexts("accept", accept)?.join(", ")];
}

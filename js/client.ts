import { core } from "./core/core.js";
import type { HostBody } from "./core/host.js";
import { Revivable } from "./core/runtime.js";
import { endpoint, fetchSettings, type TransportOptions } from "./core/settings.js";
import { optionalTexts, text } from "./core/text.js";
import { OciDocument } from "./document.js";

export type { TransportOptions } from "./core/settings.js";

/** What a {@link Registry} may be told. */
export interface RegistryOptions extends TransportOptions {
  /** Reaches the registry by plain HTTP; only where its host is given without a scheme. */
  plainHttp?: boolean | undefined;
}

/** An operation's own options. */
export interface OperationOptions {
  /** Gives the operation up; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What a manifest may be asked with. */
export interface ManifestOptions extends OperationOptions {
  /** The media types to accept, in place of all that the specifications know. */
  accept?: readonly string[] | undefined;
}

/** What a blob may be asked with. */
export interface BlobOptions extends OperationOptions {
  /** The descriptor's size in bytes, to be verified too. */
  size?: number | undefined;
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

type RawClient = Revivable<typeof import("../pkg/core/pierhead.js"), import("../pkg/core/pierhead.js").RawClient>;

/**
 * A registry that speaks the OCI distribution API.
 *
 * Every method rejects with a `RegistryError`, `AuthError` or `TransferError` where the registry or the way to it fails, and
 * with the signal's reason where that aborts.
 */
export class Registry {
  readonly #client: RawClient;

  /**
   * @param host a host with an optional port (`registry.example:5000`), `docker.io`, or a URL without path
   * @throws OciError `INVALID_URL`, `INVALID_ARGUMENT`
   */
  constructor(host: string, options: RegistryOptions = {}) {
    const url = endpoint(host, options.plainHttp);
    const settings = fetchSettings(options);
    this.#client = new Revivable(core, (glue) => new glue.RawClient(url, settings));
  }

  /** Asks whether the registry speaks the API (end-1). */
  async ping(options: OperationOptions = {}): Promise<void> {
    const client = this.#client.get();
    await core.run<void>(() => client.ping(), options.signal);
  }

  /** A repository of the registry; its name is checked when it is used. */
  repository(name: string): Repository {
    return new Repository(this.#client, text("the repository name", name));
  }
}

/** A repository: its manifests and its blobs. */
export class Repository {
  /** Its name. */
  readonly name: string;
  /** Its manifests. */
  readonly manifests: Manifests;
  /** Its blobs. */
  readonly blobs: Blobs;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.name = name;
    this.manifests = new Manifests(client, name);
    this.blobs = new Blobs(client, name);
  }
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

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DOCUMENT_LIMIT } from "../document.js";
import type { Manifest, Repository } from "../entry/client.js";
import { type Descriptor, embedded, ManifestError, OciDocument, TransferError, verifyStream } from "../entry/index.js";
import type { ImageLayout } from "../entry/layout.js";
import { blobPath } from "../layout/paths.js";
import { readAll } from "../stream.js";
import { openFile, readDocument } from "./input.js";
import { CliError } from "./output.js";
import type { Image } from "./registries.js";

/** What a name stands for. */
export interface Root {
  readonly document: OciDocument;
  readonly digest: string;
  /** Whether something vouches for the digest; that of a file is only computed. */
  readonly verified: boolean;
}

/** Where an image is read from. Everything that it hands out is verified against its descriptor. */
export interface Content {
  /** The manifest or index to begin with. */
  root(): Promise<Root>;
  /** A manifest or an index. */
  manifest(descriptor: Descriptor): Promise<OciDocument>;
  /** A blob, which fails before its last byte if it is not the one. */
  blob(descriptor: Descriptor): Promise<ReadableStream<Uint8Array>>;
}

/** An image in a registry. */
export class RegistryContent implements Content {
  readonly #repository: Repository;
  readonly #identifier: string;
  readonly #signal: AbortSignal;

  constructor({ repository, identifier }: Image, signal: AbortSignal) {
    this.#repository = repository;
    this.#identifier = identifier;
    this.#signal = signal;
  }

  async root(): Promise<Root> {
    return await this.#get(this.#identifier);
  }

  async manifest(descriptor: Descriptor): Promise<OciDocument> {
    const { digest, size, mediaType } = descriptor;
    const own = embedded(descriptor);
    if (own !== undefined) return OciDocument.parse(own, { mediaType });
    const { document } = await this.#get(digest);
    if (document.size !== size) throw sizeMismatch(size, document.size);
    if (document.mediaType !== mediaType) {
      const details = { expected: mediaType, actual: document.mediaType ?? "none" };
      throw new ManifestError("MEDIA_TYPE_MISMATCH", "served as another media type than its descriptor says", details);
    }
    return document;
  }

  async blob(descriptor: Descriptor): Promise<ReadableStream<Uint8Array>> {
    return (await this.#repository.blobs.get(descriptor, { signal: this.#signal })).body;
  }

  #get(reference: string): Promise<Manifest> {
    return this.#repository.manifests.get(reference, { signal: this.#signal });
  }
}

/** An image in an OCI image layout (image specification, `image-layout.md`). */
export class LayoutContent implements Content {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  async root(): Promise<Root> {
    const header = OciDocument.parse(await readDocument(join(this.#folder, "oci-layout"), this.#signal)).json();
    const version = header !== null && typeof header === "object" && "imageLayoutVersion" in header;
    if (!version || header.imageLayoutVersion !== "1.0.0") {
      throw new CliError(`${this.#folder}: not an OCI image layout of version 1.0.0`);
    }
    return await new FileContent(join(this.#folder, "index.json"), this.#signal).root();
  }

  async manifest(descriptor: Descriptor): Promise<OciDocument> {
    const bytes = await readAll(await this.blob(descriptor), DOCUMENT_LIMIT, { signal: this.#signal });
    return OciDocument.parse(bytes, { mediaType: descriptor.mediaType });
  }

  async blob({ digest, size }: Descriptor): Promise<ReadableStream<Uint8Array>> {
    const path = join(this.#folder, blobPath(digest));
    // A pipe in place of the file would be waited for.
    if (!(await stat(path)).isFile()) throw Object.assign(new Error("not a file"), { path });
    return verifyStream(await openFile(path), { digest, size }, { signal: this.#signal });
  }
}

/** An image in a layout that is open: in an archive, say. */
export class NamedContent implements Content {
  readonly #layout: ImageLayout;
  readonly #reference: string | undefined;
  readonly #signal: AbortSignal;

  /** Without a reference, the only image there. */
  constructor(layout: ImageLayout, reference: string | undefined, signal: AbortSignal) {
    this.#layout = layout;
    this.#reference = reference;
    this.#signal = signal;
  }

  async root(): Promise<Root> {
    const found = await this.#layout.resolve(this.#reference, { signal: this.#signal });
    if (found === undefined) throw new CliError("the layout has nothing of this name");
    return { document: await this.manifest(found), digest: found.digest, verified: true };
  }

  async manifest(descriptor: Descriptor): Promise<OciDocument> {
    const bytes = await readAll(await this.blob(descriptor), DOCUMENT_LIMIT, { signal: this.#signal });
    return OciDocument.parse(bytes, { mediaType: descriptor.mediaType });
  }

  async blob(descriptor: Descriptor): Promise<ReadableStream<Uint8Array>> {
    const stream = await this.#layout.open(descriptor, { signal: this.#signal });
    if (stream === undefined) throw new CliError("the layout does not have it");
    return verifyStream(stream, descriptor, { signal: this.#signal });
  }
}

/** A document on its own. What it points at is not there to be read. */
export class FileContent implements Pick<Content, "root"> {
  readonly #file: string;
  readonly #signal: AbortSignal;

  constructor(file: string, signal: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
  }

  async root(): Promise<Root> {
    const document = OciDocument.parse(await readDocument(this.#file, this.#signal));
    return { document, digest: document.digest, verified: false };
  }
}

function sizeMismatch(expected: number, actual: number): TransferError {
  return new TransferError("SIZE_MISMATCH", "not of the size that its descriptor says", { expected, actual });
}

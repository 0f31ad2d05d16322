import { optionalText } from "../core/text.js";
import { algorithmOf } from "../digest.js";
import { DOCUMENT_LIMIT } from "../document.js";
import { LayoutError, OciError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import type { LayoutFiles } from "../graph.js";
import { isCount, readAll } from "../stream.js";
import { parseDigest } from "../vocabulary.js";
import type { LayoutOperation, PutOptions, ReadableLayout, ReferrerOptions } from "./image-layout.js";
import { entriesOf } from "./index-json.js";
import { ManifestWalk } from "./manifest-walk.js";
import { entryNamed, onlyEntry } from "./names.js";
import { blobPath, HEADER, INDEX_JSON } from "./paths.js";
import { giveUp } from "./transfer.js";

/** The files of a layout, whose sizes can be asked for. */
export interface SizedFiles extends LayoutFiles {
  /** A file's size in bytes; undefined if there is no such file. */
  size(path: string): Promise<number | undefined>;
}

/** A layout to read, wherever its files are. */
export class FileLayout implements ReadableLayout {
  readonly files: SizedFiles;
  readonly #walk = new ManifestWalk((descriptor) => this.open(descriptor));

  constructor(files: SizedFiles) {
    this.files = files;
  }

  /** Rejects with `INVALID_LAYOUT` unless `oci-layout` says that this is a layout of version 1.0.0. */
  async checkHeader(options: LayoutOperation): Promise<void> {
    const bytes = await this.document(HEADER, options);
    if (bytes === undefined) throw new LayoutError("INVALID_LAYOUT", "not an OCI image layout: it has no oci-layout");
    checkHeader(bytes);
  }

  async manifests(options: LayoutOperation = {}): Promise<readonly Descriptor[]> {
    const bytes = await this.document(INDEX_JSON, options);
    if (bytes === undefined) throw new LayoutError("INVALID_LAYOUT", "the layout has no index.json");
    return entriesOf(bytes);
  }

  async resolve(reference?: string, options: LayoutOperation = {}): Promise<Descriptor | undefined> {
    const asked = optionalText("the reference", reference);
    const entries = await this.manifests(options);
    if (asked === undefined) return onlyEntry(entries);
    const found = entryNamed(entries, asked);
    if (found !== undefined || !isComputable(asked)) return found;
    for await (const { descriptor } of this.#walk.from(entries, options)) {
      if (descriptor.digest === asked) return descriptor;
    }
    return undefined;
  }

  async has(descriptor: Descriptor, { signal }: LayoutOperation = {}): Promise<boolean> {
    signal?.throwIfAborted();
    const size = await this.files.size(pathOf(descriptor));
    return size === descriptor.size;
  }

  async open(
    descriptor: Descriptor,
    { signal }: LayoutOperation = {},
  ): Promise<ReadableStream<Uint8Array> | undefined> {
    signal?.throwIfAborted();
    const stream = await this.files.open(pathOf(descriptor));
    if (!signal?.aborted) return stream;
    await stream?.cancel(signal.reason);
    throw signal.reason;
  }

  async put(_descriptor: Descriptor, content: ReadableStream<Uint8Array>, _options?: PutOptions): Promise<void> {
    const error = readOnly();
    giveUp(content, error);
    throw error;
  }

  async tag(_descriptor: Descriptor, _reference?: string, _options?: LayoutOperation): Promise<void> {
    throw readOnly();
  }

  async *referrers(digest: string, options: ReferrerOptions = {}): AsyncGenerator<Descriptor, void, undefined> {
    parseDigest(digest);
    const type = optionalText("artifactType", options.artifactType);
    const entries = await this.manifests(options);
    for await (const { descriptor, facts } of this.#walk.from(entries, options)) {
      if (facts === undefined || facts.subject !== digest) continue;
      const { mediaType, size } = descriptor;
      const { artifactType, annotations } = facts;
      if (type !== undefined && artifactType !== type) continue;
      yield {
        mediaType,
        digest: descriptor.digest,
        size,
        ...(artifactType !== undefined && { artifactType }),
        annotations,
        urls: [],
      };
    }
  }

  async close(): Promise<void> {}

  async abort(_reason?: unknown): Promise<void> {
    await this.close();
  }

  /** A file of the layout, of the size that a document may have; undefined if there is none. */
  protected async document(path: string, { signal }: LayoutOperation): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    const stream = await this.files.open(path);
    return stream && (await readAll(stream, DOCUMENT_LIMIT, { signal }));
  }
}

/** Where the content is. Throws an {@link OciError} `INVALID_DIGEST`, or `INVALID_ARGUMENT` for a size that is none. */
export function pathOf({ digest, size }: Descriptor): string {
  if (!isCount(size)) throw new OciError("INVALID_ARGUMENT", "the descriptor's size is not a whole number of bytes");
  return blobPath(digest);
}

/** Whether it is a digest that can be computed: to the grammar alone, `alpine:3` is one too. */
function isComputable(reference: string): boolean {
  try {
    algorithmOf(reference);
    return true;
  } catch {
    return false;
  }
}

function readOnly(): LayoutError {
  return new LayoutError("NOT_SUPPORTED", "an archive that was read cannot be written to");
}

function checkHeader(bytes: Uint8Array): void {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new LayoutError("INVALID_LAYOUT", "oci-layout is not JSON", { cause });
  }
  const version = (header as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  if (version !== "1.0.0") throw new LayoutError("INVALID_LAYOUT", "not an OCI image layout of version 1.0.0");
}

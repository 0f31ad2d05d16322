import { ANNOTATIONS } from "../annotations.js";
import { DOCUMENT_LIMIT, OciDocument } from "../document.js";
import { hashEngine } from "../engine/engine.js";
import { DigestMismatchError } from "../errors.js";
import { digest } from "../hasher.js";
import { digestStream, readAll, streamOf } from "../stream.js";
import { parseDigest } from "../vocabulary.js";
import type { SizedFiles } from "./file-layout.js";
import { inOrder } from "./folder-files.js";
import { brokenGzip, gunzip, isGzip } from "./gzip.js";
import type { LayoutOperation } from "./image-layout.js";
import { HEADER_TEXT, INDEX, MANIFEST } from "./index-json.js";
import { blobPath, HEADER, INDEX_JSON } from "./paths.js";
import type { RandomAccess } from "./random-access.js";
import { broken } from "./tar-header.js";
import { fileAt, type TarIndex } from "./tar-index.js";

const MANIFEST_JSON = "manifest.json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** Images in an archive, and layers in an image, at most. */
const MOST = 10_000;

/** An image, as `manifest.json` has it. The names are Docker's. */
interface Item {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** A part of a file of the archive. */
interface Slice {
  readonly start: number;
  readonly size: number;
}

interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Whether an archive says what images it holds in the way of `docker save`. */
export function isDockerArchive(index: TarIndex): boolean {
  return index.get(MANIFEST_JSON)?.kind === "file";
}

/** The files of the layout that an archive by `docker save` amounts to. */
export async function dockerFiles(
  access: RandomAccess,
  index: TarIndex,
  options: LayoutOperation,
): Promise<SizedFiles> {
  const archive = new DockerArchive(access, index, options);
  await archive.read();
  return archive;
}

class DockerArchive implements SizedFiles {
  readonly #access: RandomAccess;
  readonly #index: TarIndex;
  readonly #options: LayoutOperation;
  readonly #files = new Map<string, Slice | Uint8Array>();
  /** What is known of files that several images share, by where they begin. */
  readonly #layers = new Map<number, { part: Part; diffId: string | undefined }>();

  constructor(access: RandomAccess, index: TarIndex, options: LayoutOperation) {
    this.#access = access;
    this.#index = index;
    this.#options = options;
  }

  async read(): Promise<void> {
    const bytes = await this.#document(MANIFEST_JSON);
    const manifests: object[] = [];
    for (const item of itemsOf(OciDocument.parse(bytes).json())) {
      const manifest = this.#add(MANIFEST, new TextEncoder().encode(JSON.stringify(await this.#manifest(item))));
      if (item.RepoTags.length === 0) manifests.push(manifest);
      for (const tag of item.RepoTags) manifests.push({ ...manifest, annotations: { [ANNOTATIONS.refName]: tag } });
    }
    const encoder = new TextEncoder();
    this.#files.set(HEADER, encoder.encode(HEADER_TEXT));
    this.#files.set(INDEX_JSON, encoder.encode(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests })));
  }

  open(path: string): ReadableStream<Uint8Array> | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    if (!(file instanceof Uint8Array)) return this.#access.stream(file.start, file.start + file.size);
    return streamOf(file.slice());
  }

  async size(path: string): Promise<number | undefined> {
    const file = this.#files.get(path);
    return file instanceof Uint8Array ? file.byteLength : file?.size;
  }

  list(folder: string): AsyncIterable<string> {
    return inOrder([...this.#files.keys()].filter((path) => path.startsWith(`${folder}/`)));
  }

  async #manifest({ Config, Layers }: Item): Promise<object> {
    const bytes = await this.#document(Config);
    const config = this.#add(CONFIG, bytes);
    // `<hex>.json`, of late `blobs/sha256/<hex>`, and `sha256:<hex>` by those who write no files of their own.
    const named = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1];
    if (named !== undefined && config.digest !== `sha256:${named}`) {
      throw new DigestMismatchError(`sha256:${named}`, config.digest);
    }
    const ids = diffIdsOf(OciDocument.parse(bytes, { mediaType: CONFIG }).json());
    if (ids.length !== Layers.length) {
      throw broken(`${Layers.length} layers, but the configuration ${JSON.stringify(Config)} has ${ids.length}`);
    }
    const layers: Part[] = [];
    for (const [place, id] of ids.entries()) layers.push(await this.#layer(Layers[place] ?? "", id));
    return { schemaVersion: 2, mediaType: MANIFEST, config, layers };
  }

  /** A layer: known by its `diff_id`, unless it is compressed. Then its own digest is computed, and that of what is in it. */
  async #layer(path: string, id: string): Promise<Part> {
    const slice = this.#slice(path);
    let known = this.#layers.get(slice.start);
    if (known === undefined) {
      known = (await isGzip(this.#access, slice.start))
        ? await this.#compressed(slice)
        : { part: { mediaType: LAYER, digest: id, size: slice.size }, diffId: id };
      this.#layers.set(slice.start, known);
    }
    const { part, diffId } = known;
    if (diffId !== id) throw new DigestMismatchError(id, diffId ?? "");
    this.#files.set(blobPath(part.digest), slice);
    return part;
  }

  async #compressed({ start, size }: Slice): Promise<{ part: Part; diffId: string }> {
    const engine = hashEngine("sha256");
    try {
      const hashed = new TransformStream<Uint8Array, Uint8Array>({
        async transform(chunk, controller) {
          await engine.update(chunk);
          controller.enqueue(chunk);
        },
      });
      const stream = gunzip(this.#access.stream(start, start + size).pipeThrough(hashed));
      const { digest: diffId } = await digestStream(stream, { signal: this.#options.signal }).catch(brokenGzip);
      return { part: { mediaType: `${LAYER}+gzip`, digest: `sha256:${await engine.digest()}`, size }, diffId };
    } finally {
      engine.dispose();
    }
  }

  #slice(path: string): Slice {
    const slice = fileAt(this.#index, path.replace(/^\.\//, ""));
    if (slice === undefined) throw broken(`manifest.json names ${JSON.stringify(path)}, which is not there`);
    return slice;
  }

  async #document(path: string): Promise<Uint8Array> {
    const { start, size } = this.#slice(path);
    return await readAll(this.#access.stream(start, start + size), DOCUMENT_LIMIT, this.#options);
  }

  #add(mediaType: string, bytes: Uint8Array): Part {
    const part = { mediaType, digest: digest(bytes), size: bytes.byteLength };
    this.#files.set(blobPath(part.digest), bytes);
    return part;
  }
}

function itemsOf(json: unknown): readonly Item[] {
  if (!Array.isArray(json) || json.length > MOST) throw broken("manifest.json is no list of images");
  return json.map((item: Partial<Record<keyof Item, unknown>> | null) => {
    const { Config, RepoTags, Layers } = item ?? {};
    if (typeof Config !== "string") throw broken("an image in manifest.json has no Config");
    return { Config, RepoTags: texts("RepoTags", RepoTags), Layers: texts("Layers", Layers) };
  });
}

function diffIdsOf(config: unknown): readonly string[] {
  const { rootfs } = (config ?? {}) as { rootfs?: { diff_ids?: unknown } };
  const ids = texts("rootfs.diff_ids", rootfs?.diff_ids);
  for (const id of ids) parseDigest(id);
  return ids;
}

/** A list of texts; empty where there is none. */
function texts(name: string, value: unknown): readonly string[] {
  const list: unknown = value ?? [];
  if (Array.isArray(list) && list.length <= MOST && list.every((text) => typeof text === "string")) return list;
  throw broken(`${name} is no list of texts`);
}

import type { RawWalk } from "../pkg/core/pierhead.js";
import { toBytes } from "./bytes.js";
import { core } from "./core/core.js";
import { HandleOwner } from "./core/runtime.js";
import { optionalText } from "./core/text.js";
import { isAlgorithm } from "./digest.js";
import { DOCUMENT_LIMIT, readable } from "./document.js";
import { OciError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { Report } from "./generated/Report.js";
import type { Role } from "./generated/Role.js";
import { BLOBS, blobPath, digestOfPath, HEADER, INDEX_JSON } from "./layout/paths.js";
import { ByteSource, orAborted, type ReadOptions } from "./source.js";
import { type Expected, isCount, readStart, verifyStream } from "./stream.js";
import { type ExpectedDescriptor, expectedJson, type ValidateOptions, validate } from "./validate.js";
import { parseDigest } from "./vocabulary.js";

export type { Role } from "./generated/Role.js";

/** Where the parts of an image are read from. */
export interface ImageSource {
  /**
   * The bytes behind a descriptor; undefined if they are not there. The stream is read to its end or cancelled. They need
   * not be verified: where they are, `DIGEST_MISMATCH`, `SIZE_MISMATCH` and `BODY_TRUNCATED`, thrown here or by the stream, are
   * findings. What else this throws, the validation throws.
   */
  open(
    descriptor: Descriptor,
    role: Role | "root",
  ): Promise<ReadableStream<Uint8Array> | undefined> | ReadableStream<Uint8Array> | undefined;
}

/** The files of an image layout, by their paths from its root: `oci-layout`, `index.json`, `blobs/sha256/…`. */
export interface LayoutFiles {
  /** A file's bytes; undefined if there is no such file. What this throws, the validation throws. */
  open(path: string): Promise<ReadableStream<Uint8Array> | undefined> | ReadableStream<Uint8Array> | undefined;
  /**
   * The paths, from the layout's root, of all files below a folder (`blobs`) at any depth; undefined if there is no such
   * folder. Without this method only what the index leads to is checked.
   */
  list?(path: string): Promise<AsyncIterable<string> | undefined> | AsyncIterable<string> | undefined;
}

/** How far a graph is followed. What goes beyond is a finding, `graph.depth` or `graph.count`, and is not read. */
export interface GraphLimits {
  /** Documents inside one another, below the root: 8. */
  depth?: number | undefined;
  /**
   * Descriptors that are followed, each as often as documents name it: 100,000. Every two annotations, URLs or features of a
   * platform count as one more.
   */
  descriptors?: number | undefined;
  /** Bytes of all manifests, indexes and configurations together: 256 MiB. */
  bytes?: number | undefined;
}

/** How an image or a layout is validated. */
export interface GraphOptions {
  /** As {@link ValidateOptions} has it. */
  profile?: ValidateOptions["profile"] | undefined;
  /** Ends the validation with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that a stream may be silent while it is read; no limit if not given. */
  idleTimeout?: number | undefined;
  limits?: GraphLimits | undefined;
}

/** Options of {@link validateImage}. */
export interface ImageOptions extends GraphOptions {
  /** The media type by which a root that is given as bytes was served. */
  mediaType?: string | undefined;
  /** What the root's report is called; its digest if not given. */
  name?: string | undefined;
}

/** The verdict on one document, with what is wrong with the things that it names. */
export interface NamedReport {
  /** The path of a layout's file, or else the digest by which the document is named. */
  name: string;
  /** Its `digest` is empty if the file is missing, is no document, or is larger than a document may be, and so was not read. */
  report: Report;
  /** The document that lines and columns count in; undefined if the file is missing, or is no document. */
  bytes?: Uint8Array;
}

/**
 * Validates an image and all that it points at: each document against its rules and against what names it, each blob
 * against its size and digest, in constant memory. A document's report comes once all below it has been read, so the root's is
 * the last. A digest is read once, however often it is named.
 *
 * Throws what the source throws, the signal's reason, and an {@link OciError}: `INVALID_ARGUMENT`, also if the source
 * does not have the root; `INVALID_DIGEST` of the root; `CONNECTION_LOST` or `TIMEOUT` where a stream fails.
 *
 * @param root the manifest or index itself, or a descriptor of it
 */
export async function* validateImage(
  root: Uint8Array | ArrayBuffer | string | ExpectedDescriptor,
  source: ImageSource,
  options: ImageOptions = {},
): AsyncGenerator<NamedReport, void, undefined> {
  const name = optionalText("name", options.name);
  const walk = new Walk(options, false, (descriptor, role) => source.open(descriptor, role));
  try {
    if (isDescriptor(root)) {
      // Before the source sees them: it may make a path of the one, and the other bounds what is read.
      parseDigest(root.digest);
      if (!isCount(root.size)) throw new OciError("INVALID_ARGUMENT", "the root's size is not a whole number of bytes");
      const bytes = await walk.read({ annotations: {}, urls: [], ...root }, "root");
      if (bytes === undefined) throw new OciError("INVALID_ARGUMENT", "the source does not have the root");
      // Of what is too large only the start was read, which has another size than the whole.
      const known = root.size > DOCUMENT_LIMIT ? { mediaType: root.mediaType } : { descriptor: root };
      yield* walk.reports(bytes, { ...options, ...known, name: name ?? root.digest });
    } else {
      yield* walk.reports(toBytes(root), { ...options, name });
    }
  } finally {
    walk.free();
  }
}

/**
 * Validates an OCI image layout (image specification, `image-layout.md`): `oci-layout`, `index.json`, all that the index
 * leads to, and every other file in `blobs`. Reports come as those of {@link validateImage}, with paths for names: that of
 * `index.json` after all below it, and then those of files in `blobs` that are not what their names say. Throws as
 * {@link validateImage} does.
 */
export async function* validateLayout(
  files: LayoutFiles,
  options: GraphOptions = {},
): AsyncGenerator<NamedReport, void, undefined> {
  const walk = new Walk(options, true, ({ digest }) => files.open(blobPath(digest)));
  try {
    yield* headerReports(walk, files, options);
    yield* indexReports(walk, files);
    yield* strayReports(walk, files);
  } finally {
    walk.free();
  }
}

const LAYOUT_HEADER = "application/vnd.oci.layout.header.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

async function* headerReports(walk: Walk, files: LayoutFiles, { profile }: GraphOptions): AsyncGenerator<NamedReport> {
  const name = HEADER;
  const bytes = await walk.take(files.open(name), DOCUMENT_LIMIT + 1);
  if (bytes === undefined) yield { name, report: walk.broken("image-layout.header.required") };
  else {
    const report = validate(bytes, { mediaType: LAYOUT_HEADER, ...(profile && { profile }) });
    yield { name, report: unlessCut(report, bytes), bytes };
  }
}

async function* indexReports(walk: Walk, files: LayoutFiles): AsyncGenerator<NamedReport> {
  const root = { name: INDEX_JSON, mediaType: INDEX };
  const bytes = await walk.take(files.open(root.name), DOCUMENT_LIMIT + 1);
  if (bytes === undefined) {
    yield { name: root.name, report: walk.broken("image-layout.index.required") };
    return;
  }
  for await (const { name, ...rest } of walk.reports(bytes, root)) {
    yield { name: name === root.name ? name : blobPath(name), ...rest };
  }
}

/** The reports on files in `blobs` that the index does not lead to. */
async function* strayReports(walk: Walk, files: LayoutFiles): AsyncGenerator<NamedReport> {
  if (files.list === undefined) return;
  const paths = await walk.wait(files.list(BLOBS));
  if (paths === undefined) {
    yield { name: BLOBS, report: walk.broken("image-layout.blobs.required") };
    return;
  }
  for await (const name of walk.each(paths)) {
    const rule = await strayRule(name, walk, files);
    if (rule !== undefined) yield { name, report: walk.broken(`image-layout.blob.${rule}`) };
  }
}

/** The rule that a file in `blobs` breaks, unless the walk has read it. */
async function strayRule(path: string, walk: Walk, files: LayoutFiles): Promise<string | undefined> {
  const digest = digestOfPath(path);
  if (digest === undefined) return "name";
  if (walk.opened.has(digest)) return undefined;
  const stream = await walk.open(files.open(path));
  // Gone between the list and now.
  if (stream === undefined) return undefined;
  const outcome = await walk.verify(stream, { digest });
  return outcome === "verified" ? undefined : outcome;
}

/** Of what is too large only the start was read, whose digest is nothing's. */
function unlessCut(report: Report, bytes: Uint8Array | undefined): Report {
  return bytes !== undefined && bytes.byteLength > DOCUMENT_LIMIT ? { ...report, digest: "" } : report;
}

/** What an error says of content that is not what its descriptor says; any other error is thrown. */
function mismatchOf(error: unknown): Outcome {
  const code = error instanceof OciError ? error.code : undefined;
  if (code === "DIGEST_MISMATCH") return "digest";
  if (code === "SIZE_MISMATCH" || code === "BODY_TRUNCATED") return "size";
  throw error;
}

function isDescriptor(root: unknown): root is ExpectedDescriptor {
  return typeof root === "object" && root !== null && "digest" in root;
}

/** As the core has them, by their places. */
const OUTCOMES = ["verified", "unverifiable", "size", "digest", "missing"] as const;

type Outcome = (typeof OUTCOMES)[number];

interface Request {
  descriptor: Descriptor;
  role: Role;
  document: boolean;
}

interface Root {
  name: string | undefined;
  mediaType?: string | undefined;
  descriptor?: ExpectedDescriptor;
}

/** The core's walk, and the reading that it asks for. */
class Walk {
  /** The digests that were asked for. */
  readonly opened = new Set<string>();
  readonly #walk: HandleOwner<typeof import("../pkg/core/pierhead.js"), RawWalk>;
  readonly #open: ImageSource["open"];
  readonly #reading: ReadOptions;

  constructor(options: GraphOptions, layout: boolean, open: ImageSource["open"]) {
    const profile = optionalText("profile", options.profile);
    const { depth = 8, descriptors = 100_000, bytes = 256 * 1024 * 1024 } = options.limits ?? {};
    if (![depth, descriptors].every((limit) => limit >>> 0 === limit) || !isCount(bytes)) {
      throw new OciError("INVALID_ARGUMENT", "a limit is not a whole number, or is too large");
    }
    this.#walk = new HandleOwner(core, (glue) => new glue.RawWalk(profile, layout, depth, descriptors, bytes));
    this.#open = open;
    this.#reading = { signal: options.signal, idleTimeout: options.idleTimeout };
  }

  /** The reports on a root and all below it. */
  async *reports(root: Uint8Array, options: Root): AsyncGenerator<NamedReport, void, undefined> {
    const mediaType = optionalText("mediaType", options.mediaType);
    const expected = expectedJson(options) ?? "{}";
    this.#walk.use((raw) => raw.root(readable(root), mediaType, expected));
    // The documents from the root to where the walk is.
    const documents = [root];
    for (;;) {
      this.#reading.signal?.throwIfAborted();
      const step = this.#walk.use((raw) => raw.next() as Request | NamedReport | undefined);
      if (step === undefined) return;
      if ("report" in step) {
        const bytes = documents.pop();
        const name = documents.length === 0 ? options.name : undefined;
        const report = unlessCut(step.report, bytes);
        yield { name: name ?? step.name, report, ...(bytes && { bytes }) };
        continue;
      }
      const { descriptor, role, document } = step;
      this.opened.add(descriptor.digest);
      const found = await (document ? this.read(descriptor, role) : this.#check(descriptor, role)).catch(mismatchOf);
      if (found === undefined) this.#answer("missing");
      else if (typeof found === "string") this.#answer(found);
      else if (this.#walk.use((raw) => raw.document(found))) documents.push(found);
    }
  }

  /** A document's bytes, or just so many that the core sees that there are too many. */
  async read(descriptor: Descriptor, role: Role | "root"): Promise<Uint8Array | undefined> {
    return await this.take(this.#open(descriptor, role), Math.min(descriptor.size, DOCUMENT_LIMIT) + 1);
  }

  /** The first bytes of a stream. */
  async take(opening: ReturnType<ImageSource["open"]>, most: number): Promise<Uint8Array | undefined> {
    const stream = await this.open(opening);
    return stream && (await readStart(stream, most, this.#reading));
  }

  /** The stream that the host opens. One that comes when nobody waits for it any longer is given back. */
  async open(opening: ReturnType<ImageSource["open"]>): Promise<ReadableStream<Uint8Array> | undefined> {
    try {
      return await this.wait(opening);
    } catch (error) {
      Promise.resolve(opening)
        .then((late) => late?.cancel(error))
        .catch(() => {});
      throw error;
    }
  }

  /** What the host gives, or the signal's reason. */
  wait<T>(work: T | Promise<T>): Promise<T> {
    return orAborted(work, this.#reading.signal);
  }

  /** What the host lists, one after the other. A list that does not go on is not waited for when the signal aborts. */
  async *each<T>(list: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const iterator = list[Symbol.asyncIterator]();
    let done: boolean | undefined = false;
    try {
      for (;;) {
        const next = await this.wait(iterator.next());
        done = next.done;
        if (next.done) return;
        yield next.value;
      }
    } finally {
      if (!done) Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }

  async #check(descriptor: Descriptor, role: Role): Promise<Outcome | undefined> {
    const stream = await this.open(this.#open(descriptor, role));
    return stream && (await this.verify(stream, descriptor));
  }

  /** Reads a blob, and keeps nothing. */
  async verify(stream: ReadableStream<Uint8Array>, { digest, size }: Expected): Promise<Outcome> {
    const { algorithm } = parseDigest(digest);
    const verifiable = isAlgorithm(algorithm);
    const source = new ByteSource(
      verifiable ? verifyStream(stream, { digest, size }, this.#reading) : stream,
      this.#reading,
    );
    let received = 0;
    try {
      for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
        received += chunk.byteLength;
        if (size !== undefined && received > size) {
          source.cancel().catch(() => {});
          return "size";
        }
      }
    } catch (error) {
      return mismatchOf(error);
    }
    if (verifiable) return "verified";
    return size === undefined || size === received ? "unverifiable" : "size";
  }

  broken(rule: string): Report {
    return this.#walk.use((raw) => raw.broken(rule) as Report);
  }

  #answer(outcome: Outcome): void {
    this.#walk.use((raw) => raw.content(OUTCOMES.indexOf(outcome)));
  }

  free(): void {
    this.#walk.free();
  }
}

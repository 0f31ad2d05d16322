import { DOCUMENT_LIMIT } from "../document.js";
import {
  ANNOTATIONS,
  type Descriptor,
  formatPlatform,
  ManifestError,
  OciDocument,
  type Platform,
  platformRuns,
  TransferError,
} from "../entry/index.js";
import { readAll } from "../stream.js";
import type { Content, Root } from "./content.js";
import { CliError, type Explanation, explain } from "./output.js";
import { INDEXES, isIndex, select } from "./select.js";

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;
/** The most descriptors that are followed, each time they are met. */
const MAX_NODES = 10_000;

/** What a manifest or an index is to the document that points at it, by its media type. */
const MANIFESTS: ReadonlyMap<string, Role> = new Map([
  ...[...INDEXES].map((type) => [type, "index"] as const),
  ["application/vnd.oci.image.manifest.v1+json", "manifest"],
  ["application/vnd.docker.distribution.manifest.v2+json", "manifest"],
]);

const CONFIGS: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

/** What a part is to the document that points at it. */
export type Role = "index" | "manifest" | "config" | "layer" | "subject" | "blob";

/**
 * What is known of a part's bytes: that they have the digest and size by which they are known; only what their digest
 * is, because nothing says what it has to be; that they are not good; or nothing.
 */
export type Status = "verified" | "computed" | "failed" | "not-read";

/** A part of an image. */
export interface Node {
  readonly role: Role;
  readonly mediaType?: string;
  readonly digest: string;
  /** Bytes, as the descriptor has it. */
  readonly size: number;
  platform?: string;
  /** The name that a layout's index gives it. */
  readonly name?: string;
  status: Status;
  error?: Explanation;
  /** Its digest was met before, and what is below it is shown there. */
  repeated?: true;
  readonly children: Node[];
}

/** A part that has just been settled. */
export interface Visit {
  readonly node: Node;
  /** For each level above it, and for its own, whether it is the last of its siblings; empty for the root. */
  readonly lasts: readonly boolean[];
  /** Whether parts below it follow. */
  readonly followed: boolean;
}

/** What to read. */
export interface WalkOptions {
  /** Follows only the entry of an index that a client on this platform takes. */
  readonly platform?: Platform | undefined;
  /** Leaves layers and other blobs unread. */
  readonly manifestsOnly: boolean;
  readonly signal: AbortSignal;
}

interface Edge {
  readonly role: Role;
  readonly descriptor: Descriptor;
}

/** Goes through an image from its root, reading each digest once. */
export class Walk {
  /** Parts by what became of them, each digest once, and the bytes that were verified. */
  readonly totals = { verified: 0, failed: 0, notRead: 0, bytes: 0 };
  readonly #content: Partial<Content>;
  readonly #options: WalkOptions;
  readonly #seen = new Map<string, Node>();
  #nodes = 0;

  constructor(content: Partial<Content>, options: WalkOptions) {
    this.#content = content;
    this.#options = options;
  }

  /** The parts, each before those it points at. */
  async *visits(root: Root): AsyncGenerator<Visit> {
    const { document, digest, verified } = root;
    const role = document.mediaType === undefined ? undefined : MANIFESTS.get(document.mediaType);
    if (role === undefined) throw new CliError("neither an image manifest nor an image index");
    const edges = this.#edges(document);
    const { size, mediaType } = document;
    const status = verified ? "verified" : "computed";
    const node: Node = { role, ...(mediaType && { mediaType }), digest, size, status, children: [] };
    this.#count(node);
    this.#seen.set(keyOf(node), node);
    yield { node, lasts: [], followed: edges.length > 0 };
    yield* this.#below(node, edges, []);
  }

  async *#below(parent: Node, edges: readonly Edge[], lasts: readonly boolean[]): AsyncGenerator<Visit> {
    for (const [index, edge] of edges.entries()) {
      this.#nodes += 1;
      if (this.#nodes > MAX_NODES) throw new CliError(`the image has more than ${MAX_NODES} parts`);
      const node = nodeOf(edge);
      parent.children.push(node);
      const path = [...lasts, index === edges.length - 1];
      const below = await this.#settle(node, edge, path.length);
      yield { node, lasts: path, followed: below.length > 0 };
      yield* this.#below(node, below, path);
    }
  }

  /** Reads a part, unless that is not wanted or has been done, and returns what it points at. */
  async #settle(node: Node, edge: Edge, depth: number): Promise<readonly Edge[]> {
    const earlier = this.#seen.get(keyOf(node));
    if (earlier !== undefined) {
      repeat(node, earlier);
      if (node.status === "failed" && earlier.status !== "failed") this.totals.failed += 1;
      return [];
    }
    let below: readonly Edge[] = [];
    try {
      below = await this.#read(node, edge, depth);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (error instanceof CliError) throw error;
      node.status = "failed";
      node.error = explain(error);
    }
    this.#count(node);
    // A subject is not read where it is met as one, but may be where something else points at it.
    if (edge.role !== "subject") this.#seen.set(keyOf(node), node);
    return below;
  }

  async #read(node: Node, { role, descriptor }: Edge, depth: number): Promise<readonly Edge[]> {
    const { manifestsOnly, signal } = this.#options;
    const { manifest, blob } = this.#readers();
    if (manifest === undefined || blob === undefined || role === "subject") return [];
    if (role === "index" || role === "manifest") {
      if (depth > MAX_DEPTH) throw new ManifestError("TOO_DEEP", `more than ${MAX_DEPTH} documents deep`);
      const document = await manifest(descriptor);
      const edges = this.#edges(document);
      node.status = "verified";
      return edges;
    }
    if (role === "config" && CONFIGS.has(descriptor.mediaType)) {
      const bytes = await readAll(await blob(descriptor), DOCUMENT_LIMIT, { signal });
      this.#readConfig(node, OciDocument.parse(bytes, { mediaType: descriptor.mediaType }), depth);
      node.status = "verified";
    } else if (role === "config" || !manifestsOnly) {
      await drain(await blob(descriptor));
      node.status = "verified";
    }
    return [];
  }

  #readers(): Partial<Pick<Content, "manifest" | "blob">> {
    const content = this.#content;
    return {
      ...(content.manifest && { manifest: content.manifest.bind(content) }),
      ...(content.blob && { blob: content.blob.bind(content) }),
    };
  }

  #readConfig(node: Node, document: OciDocument, depth: number): void {
    const platform = platformOfConfig(document.json());
    if (platform === undefined) return;
    node.platform = formatPlatform(platform);
    const asked = this.#options.platform;
    // Below an index, the platform is what the entry says, which has been asked already.
    if (asked !== undefined && depth === 1 && !platformRuns(asked, platform)) {
      throw new CliError(`the image is for ${node.platform}, not for ${formatPlatform(asked)}`);
    }
  }

  #edges(document: OciDocument): Edge[] {
    const { config, layers, manifests, subject } = document.descriptors();
    const { platform } = this.#options;
    const entries = isIndex(document) && platform !== undefined ? [select(document, platform)] : manifests;
    return [
      ...(config === undefined ? [] : [{ role: "config" as const, descriptor: config }]),
      ...layers.map((descriptor) => ({ role: "layer" as const, descriptor })),
      ...entries.map((descriptor) => ({ role: MANIFESTS.get(descriptor.mediaType) ?? "blob", descriptor })),
      ...(subject === undefined ? [] : [{ role: "subject" as const, descriptor: subject }]),
    ];
  }

  #count({ status, size }: Node): void {
    if (status === "failed") this.totals.failed += 1;
    else if (status === "not-read") this.totals.notRead += 1;
    else {
      this.totals.verified += status === "verified" ? 1 : 0;
      this.totals.bytes += status === "verified" ? size : 0;
    }
  }
}

/**
 * What a part is known by when it is met again. What was read as a layer has not been gone into as a manifest, so the
 * digest alone is not enough.
 */
function keyOf({ role, mediaType, digest }: Node): string {
  return role === "index" || role === "manifest" ? `${digest} ${mediaType}` : digest;
}

function nodeOf({ role, descriptor }: Edge): Node {
  const { mediaType, digest, size, platform, annotations } = descriptor;
  const name = annotations[ANNOTATIONS.refName];
  return {
    role,
    mediaType,
    digest,
    size,
    ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
    ...(name === undefined ? {} : { name }),
    status: "not-read",
    children: [],
  };
}

/** Settles a part by what is known of its digest. Another descriptor of it may still state a wrong size. */
function repeat(node: Node, earlier: Node): void {
  node.repeated = true;
  node.status = earlier.status;
  if (earlier.error !== undefined) node.error = earlier.error;
  if (earlier.status === "verified" && earlier.size !== node.size) {
    node.status = "failed";
    const details = { expected: node.size, actual: earlier.size };
    node.error = explain(new TransferError("SIZE_MISMATCH", "not of the size that its descriptor says", details));
  }
}

function platformOfConfig(config: unknown): Platform | undefined {
  if (config === null || typeof config !== "object") return undefined;
  const { os, architecture, variant } = config as Partial<Record<string, unknown>>;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return typeof variant === "string" ? { os, architecture, variant } : { os, architecture };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

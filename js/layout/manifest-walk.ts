import { isAlgorithm } from "../digest.js";
import { DOCUMENT_LIMIT, OciDocument } from "../document.js";
import { ManifestError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { readAll, verifyStream } from "../stream.js";
import { parseDigest } from "../vocabulary.js";
import type { LayoutOperation } from "./image-layout.js";
import { INDEX, MANIFEST } from "./index-json.js";

/** What can lead to other manifests, or refer to one. */
const MANIFESTS: ReadonlySet<string> = new Set([
  INDEX,
  MANIFEST,
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

/** Indexes inside one another; what is below is not looked at. */
const MAX_DEPTH = 8;
/** Descriptors that one walk may meet. */
const MAX_DESCRIPTORS = 100_000;
/** Bytes of the documents whose facts are kept: what they say, they say for ever. */
const MAX_KEPT = 16 * 1024 * 1024;

/** What a manifest says that matters to those who look for it. */
export interface Facts {
  /** The digest of its subject. */
  readonly subject: string | undefined;
  /** Its own, or its configuration's media type (image specification, "Guidelines for Artifact Usage"). */
  readonly artifactType: string | undefined;
  readonly annotations: Record<string, string>;
  readonly manifests: readonly Descriptor[];
}

/** A manifest that was met. */
export interface Met {
  readonly descriptor: Descriptor;
  /** Undefined if it is no manifest, is not there, or has a digest that nobody can verify. */
  readonly facts: Facts | undefined;
}

/** Goes through the manifests of a layout, from the entries of its index down. */
export class ManifestWalk {
  readonly #open: (descriptor: Descriptor) => Promise<ReadableStream<Uint8Array> | undefined>;
  readonly #known = new Map<string, { facts: Facts; size: number }>();
  #kept = 0;

  constructor(open: (descriptor: Descriptor) => Promise<ReadableStream<Uint8Array> | undefined>) {
    this.#open = open;
  }

  /** Every manifest, each digest once. Rejects with a {@link ManifestError} `TOO_LARGE` if there is no end of them. */
  async *from(entries: readonly Descriptor[], { signal }: LayoutOperation): AsyncGenerator<Met, void, undefined> {
    const seen = new Set<string>();
    let level = entries;
    let met = entries.length;
    for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
      const below: Descriptor[] = [];
      for (const descriptor of level) {
        if (met > MAX_DESCRIPTORS) throw new ManifestError("TOO_LARGE", `more than ${MAX_DESCRIPTORS} descriptors`);
        if (seen.has(descriptor.digest)) continue;
        seen.add(descriptor.digest);
        const facts = await this.#facts(descriptor, signal);
        yield { descriptor, facts };
        if (facts === undefined) continue;
        met += facts.manifests.length;
        for (const manifest of facts.manifests) below.push(manifest);
      }
      level = below;
    }
  }

  async #facts(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<Facts | undefined> {
    signal?.throwIfAborted();
    const { digest, mediaType, size } = descriptor;
    if (!MANIFESTS.has(mediaType) || !isAlgorithm(parseDigest(digest).algorithm)) return undefined;
    const known = this.#known.get(`${digest} ${mediaType}`);
    if (known?.size === size) return known.facts;
    const stream = await this.#open(descriptor);
    if (stream === undefined) return undefined;
    const bytes = await readAll(verifyStream(stream, descriptor, { signal }), DOCUMENT_LIMIT, { signal });
    const facts = factsOf(OciDocument.parse(bytes, { mediaType }));
    this.#kept += size;
    if (this.#kept > MAX_KEPT) {
      this.#known.clear();
      this.#kept = size;
    }
    this.#known.set(`${digest} ${mediaType}`, { facts, size });
    return facts;
  }
}

function factsOf(document: OciDocument): Facts {
  const { subject, config, manifests } = document.descriptors();
  const { artifactType, annotations } = document.json() as { artifactType?: unknown; annotations?: unknown };
  return {
    subject: subject?.digest,
    artifactType: typeof artifactType === "string" && artifactType !== "" ? artifactType : config?.mediaType,
    annotations: Object.fromEntries(
      Object.entries(annotations ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
    manifests,
  };
}

import type { RawCopy } from "../../pkg/core/pierhead.js";
import { core } from "../core/core.js";
import { HandleOwner } from "../core/runtime.js";
import { wholeNumber } from "../core/settings.js";
import { optionalText } from "../core/text.js";
import { algorithmOf } from "../digest.js";
import { DOCUMENT_LIMIT } from "../document.js";
import { InvalidReferenceError, LayoutError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import type { ImageLayout } from "../layout/image-layout.js";
import { type PlatformLike, specifier } from "../platform.js";
import { digestStream, readAll, streamOf, verifyStream } from "../stream.js";
import type { ContentOptions, ContentSource } from "./content.js";
import type { OperationOptions } from "./raw.js";
import type { Repository } from "./repository.js";

/** Where an image is copied from or to: a repository with a tag or digest, or an image layout with a name. */
export type CopyPlace =
  | { readonly repository: Repository; readonly reference?: string | undefined }
  | { readonly layout: ImageLayout; readonly reference?: string | undefined };

/** How far the transfer of one blob has come. */
export interface CopyProgress {
  /** Its digest. */
  readonly digest: string;
  /** How many of its bytes have passed; all of them where there was nothing to transfer. */
  readonly bytes: number;
  /** How many it has. */
  readonly total: number;
  /** How it came to be there, once it is: `copied`, `existed`, or `mounted` from another repository of the registry. */
  readonly status?: "copied" | "existed" | "mounted";
}

/** What is copied, and how. */
export interface CopyOptions extends OperationOptions {
  /** The image for this platform, in place of the index that it is in. */
  platform?: PlatformLike | undefined;
  /**
   * The index as it is, but only the images for these platforms, with their attestations. A registry may refuse an index that
   * names what it does not have.
   */
  platforms?: readonly PlatformLike[] | undefined;
  /** Whether what refers to the image by `subject` comes along, with what refers to that in turn. */
  referrers?: boolean | undefined;
  /** How many transfers run at once: 1 to 64; 6 if it is left out. */
  concurrency?: number | undefined;
  /** Is told how far each blob has come, and of each manifest that is in its new place. */
  onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** What a copy came to. */
export interface Copied {
  /** The digest of the image or index that has the name now. */
  readonly digest: string;
  /** Its media type. */
  readonly mediaType: string;
  /** Its size in bytes. */
  readonly size: number;
  /** How many manifests and indexes belong to it, referrers included. */
  readonly manifests: number;
  /** How many blobs belong to it, each digest once. */
  readonly blobs: number;
}

const DEFAULT_CONCURRENCY = 6;
const MAX_CONCURRENCY = 64;

/**
 * Copies an image, or an index with all that it names, from one place to another; digests stay the same bit by bit. Blobs come first,
 * then manifests, the name last, and what is there already is left alone: a copy that broke off goes on where it was. Within
 * one registry blobs are mounted. Layers that must not be passed on are left out. What is embedded in its descriptor (`data`), and is what
 * that says, is not read from the source.
 *
 * Rejects with what the places throw, the signal's reason, or an `OciError`: `PLATFORM_NOT_FOUND`, `INVALID_MANIFEST` for what
 * cannot be copied, `SIZE_MISMATCH`, `TOO_LARGE` for more than 10,000 descriptors or 64 MiB of manifests, `TOO_DEEP`, `INVALID_ARGUMENT`.
 */
export async function copy(source: CopyPlace, target: CopyPlace, options: CopyOptions = {}): Promise<Copied> {
  const { platform, signal, onProgress } = options;
  const platforms = (platform === undefined ? (options.platforms ?? []) : [platform]).map(specifier);
  const reference = optionalText("the source's reference", source.reference) ?? "";
  const name = optionalText("the target's reference", target.reference);
  const limit = bound(options.concurrency, target);
  signal?.throwIfAborted();
  // Aborts what is under way where one of the steps has failed, too.
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  const ours = { onProgress, signal: controller.signal };
  const [from, to] = [place(source, ours), place(target, ours)];
  try {
    const [found, bytes] = await from.resolve(reference);
    const given = [JSON.stringify([found]), bytes, options.referrers === true, platform !== undefined, ...platforms];
    const plan: Plan = new HandleOwner(core, (glue) => new glue.RawCopy(given));
    const mountFrom = mountable(source, target);
    try {
      for (;;) {
        const { steps, sequential, root, ...counts } = plan.use((raw) => raw.next() as Batch);
        const { digest, mediaType, size } = root;
        if (steps.length === 0) return { digest, mediaType, size, ...counts };
        const left = steps.values();
        const work = async () => {
          for (const step of left) await take(step, plan, { from, to, name, mountFrom, root, ...ours });
        };
        await Promise.all(Array.from({ length: sequential ? 1 : limit }, work));
      }
    } finally {
      plan.free();
    }
  } finally {
    controller.abort();
    signal?.removeEventListener("abort", abort);
  }
}

type Plan = HandleOwner<typeof import("../../pkg/core/pierhead.js"), RawCopy>;

interface Copying {
  readonly from: Place;
  readonly to: Place;
  readonly name: string | undefined;
  readonly mountFrom: string | undefined;
  readonly root: Descriptor;
  readonly onProgress: CopyOptions["onProgress"];
  readonly signal: AbortSignal;
}

/** Takes one step of a plan. */
async function take({ act, at, held, descriptor }: Step, plan: Plan, copying: Copying): Promise<void> {
  const { from, to, root, onProgress } = copying;
  copying.signal.throwIfAborted();
  const { digest, size } = descriptor;
  if (act === "read" || act === "referrers") {
    const found = act === "read" ? await from.manifest(descriptor) : await listed(from.referrers(digest));
    return plan.use((raw) => raw.found(at, found));
  }
  const own = () => plan.use((raw) => raw.bytes(at));
  let status: Status = "copied";
  if (act === "blob") {
    const open = (offset: number) => (held ? streamOf(own().subarray(offset)) : from.open(descriptor, offset));
    status = await to.putBlob(descriptor, { digest, size, open }, copying.mountFrom);
  } else if (act !== "root" && (await to.has(descriptor))) {
    status = "existed";
  } else {
    await to.putManifest(descriptor, own(), act, copying.name);
  }
  // What its referrers refer to is there before it gets its name, and is told of then.
  if (act !== "manifest" || digest !== root.digest) onProgress?.({ digest, bytes: size, total: size, status });
}

/** What is to be done before more is asked for: `src/client/copy/plan.rs`. */
interface Batch {
  readonly steps: readonly Step[];
  readonly sequential: boolean;
  readonly root: Descriptor;
  readonly manifests: number;
  readonly blobs: number;
}

interface Step {
  readonly act: "read" | "referrers" | "blob" | "manifest" | "referrer" | "root";
  readonly at: number;
  readonly held: boolean;
  readonly descriptor: Descriptor;
}

type Options = Pick<CopyOptions, "onProgress" | "signal">;
type Status = NonNullable<CopyProgress["status"]>;

/** What a copy asks of a place. */
interface Place {
  resolve(
    reference: string,
  ): Promise<[descriptor: Pick<Descriptor, "digest" | "mediaType" | "size">, bytes: Uint8Array]>;
  /** The bytes of a manifest, verified by its digest. */
  manifest(descriptor: Descriptor): Promise<Uint8Array>;
  referrers(digest: string): AsyncIterable<Descriptor>;
  /** A blob from an offset on, for whoever takes it to verify. */
  open(blob: Descriptor, offset: number): Promise<ReadableStream<Uint8Array>>;
  has(descriptor: Descriptor): Promise<boolean>;
  /** Puts a blob where it is not there. */
  putBlob(blob: Descriptor, content: ContentSource, mountFrom: string | undefined): Promise<Status>;
  putManifest(descriptor: Descriptor, bytes: Uint8Array, act: Step["act"], name: string | undefined): Promise<void>;
}

function place(where: CopyPlace, options: Options): Place {
  return "layout" in where ? layoutPlace(where.layout, options) : repositoryPlace(where.repository, options);
}

function bound(concurrency = DEFAULT_CONCURRENCY, target: CopyPlace): number {
  const asked = wholeNumber("concurrency", concurrency, 1, MAX_CONCURRENCY);
  // What is written in order would only keep connections waiting.
  return "layout" in target && target.layout.sequential ? 1 : asked;
}

/** The repository from which another of the same registry can mount blobs. */
function mountable(source: CopyPlace, target: CopyPlace): string | undefined {
  if ("layout" in source || "layout" in target) return undefined;
  const [{ name, registry }, to] = [source.repository, target.repository];
  const [origin, own] = [registry, to.registry].map((url) => new URL(url).origin);
  return name !== to.name && origin === own ? name : undefined;
}

/** The entries of a list, as JSON. */
async function listed(list: AsyncIterable<unknown>): Promise<string> {
  const found: unknown[] = [];
  for await (const entry of list) found.push(entry);
  return JSON.stringify(found);
}

function repositoryPlace({ manifests, blobs, referrers }: Repository, options: Options): Place {
  return {
    async resolve(reference) {
      const { digest, mediaType = "", size, bytes } = await manifests.get(reference, { signal: options.signal });
      return [{ digest, mediaType, size }, bytes];
    },
    async manifest({ digest, mediaType }) {
      return (await manifests.raw(digest, { accept: [mediaType], signal: options.signal })).bytes;
    },
    referrers: (digest) => referrers.list(digest, options),
    open: (blob, offset) => blobs.open(blob, offset, options.signal),
    has: (descriptor) => manifests.has(descriptor, options),
    async putBlob(_, content, mountFrom) {
      // A content of known size and digest has both in what its progress tells.
      const { status } = await blobs.push(content, { ...(options as ContentOptions), mountFrom });
      return status === "uploaded" ? "copied" : status;
    },
    async putManifest({ digest, mediaType }, bytes, act, name) {
      await manifests.put(bytes, { ...options, reference: (act === "root" && name) || digest, mediaType });
    },
  };
}

function layoutPlace(layout: ImageLayout, options: Options): Place {
  const read = async (blob: Descriptor) => {
    const stream = await layout.open(blob, options);
    if (stream === undefined) throw new LayoutError("INVALID_LAYOUT", `the layout does not have ${blob.digest}`);
    return stream;
  };
  const manifest = async (descriptor: Descriptor) =>
    await readAll(verifyStream(await read(descriptor), descriptor, options), DOCUMENT_LIMIT, options);
  // Whether the layout has it, and not something else in its place; one that is only written to has what was put.
  const has = async (descriptor: Descriptor) => {
    if (!(await layout.has(descriptor, options))) return false;
    if (layout.sequential) return true;
    const algorithm = algorithmOf(descriptor.digest);
    return (await digestStream(await read(descriptor), { ...options, algorithm })).digest === descriptor.digest;
  };
  const put = async (descriptor: Descriptor, stream: () => ReturnType<ContentSource["open"]>): Promise<Status> => {
    if (await has(descriptor)) return "existed";
    await layout.put(descriptor, await stream(), options);
    return "copied";
  };
  return {
    async resolve(reference) {
      const found = await layout.resolve(reference || undefined, options);
      if (found === undefined) throw new InvalidReferenceError("the layout has nothing of this name");
      return [found, await manifest(found)];
    },
    manifest,
    referrers: (digest) => layout.referrers(digest, { signal: options.signal }),
    async open(blob, start) {
      const stream = await read(blob);
      return start > 0 ? verifyStream(stream, blob, { ...options, range: { start, end: blob.size } }) : stream;
    },
    has,
    putBlob: (blob, content) => put(blob, () => content.open(0)),
    async putManifest(descriptor, bytes, act, name) {
      await put(descriptor, () => streamOf(bytes));
      if (act !== "manifest") await layout.tag(descriptor, act === "root" ? name : undefined, options);
    },
  };
}

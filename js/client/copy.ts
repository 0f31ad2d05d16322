import type { RawPlace } from "../../pkg/core/pierhead.js";
import { core } from "../core/core.js";
import { HostBody, type HostContent } from "../core/host.js";
import { wholeNumber } from "../core/settings.js";
import { optionalText } from "../core/text.js";
import { algorithmOf } from "../digest.js";
import { DOCUMENT_LIMIT } from "../document.js";
import { LayoutError, OciError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import type { ImageLayout } from "../layout/image-layout.js";
import { type PlatformLike, specifier } from "../platform.js";
import { digestStream, readAll, streamOf, verifyStream } from "../stream.js";
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
 * one registry blobs are mounted. Layers that must not be passed on are left out.
 *
 * Rejects with what the places throw, the signal's reason, or an {@link OciError}: `PLATFORM_NOT_FOUND`, `INVALID_MANIFEST` for what
 * cannot be copied, `TOO_LARGE` for more than 10,000 descriptors or 64 MiB of manifests, `INVALID_ARGUMENT`.
 */
export async function copy(source: CopyPlace, target: CopyPlace, options: CopyOptions = {}): Promise<Copied> {
  const { platform, signal } = options;
  const platforms = (platform === undefined ? (options.platforms ?? []) : [platform]).map(specifier);
  const from = optionalText("the source's reference", source.reference) ?? "";
  const to = optionalText("the target's reference", target.reference);
  const concurrency = bound(options.concurrency, target);
  return await core.run<Copied>(
    (glue) =>
      place(glue, source, options).copyTo(place(glue, target, options), [
        from,
        to,
        options.referrers === true,
        concurrency,
        options.onProgress,
        platform !== undefined,
        ...platforms,
      ]),
    signal,
  );
}

type Glue = typeof import("../../pkg/core/pierhead.js");
type Options = Pick<CopyOptions, "onProgress" | "signal">;
type Open = (blob: Descriptor, offset: number) => Promise<ReadableStream<Uint8Array> | undefined>;

function place(glue: Glue, where: CopyPlace, options: Options): RawPlace {
  if ("layout" in where) return glue.RawPlace.layout(new LayoutPlace(where.layout, options));
  return where.repository.place(
    glue,
    new Source(options, (blob, offset) => where.repository.blobs.open(blob, offset, options.signal)),
  );
}

function bound(concurrency = DEFAULT_CONCURRENCY, target: CopyPlace): number {
  const asked = wholeNumber("concurrency", concurrency, 1, MAX_CONCURRENCY);
  // What is written in order would only keep connections waiting.
  return "layout" in target && target.layout.sequential ? 1 : asked;
}

/** A place's blobs as the core copies them: `src/wasm/client/copy.rs`. */
class Source {
  protected readonly options: Options;
  readonly #open: Open;

  constructor(options: Options, open: Open) {
    this.options = options;
    this.#open = open;
  }

  content(blob: Descriptor): HostContent {
    const { digest, size } = blob;
    const { onProgress, signal } = this.options;
    const tell = (bytes: number) => onProgress?.({ digest, bytes, total: size });
    return {
      digest,
      size,
      reopens: true,
      sent: tell,
      open: async (offset) => {
        const stream = await this.#open(blob, offset);
        let taken = offset;
        const onTaken = (bytes: number) => {
          taken += bytes;
          tell(taken);
        };
        return stream && new HostBody(stream, { onTaken }, signal);
      },
    };
  }
}

/** An image layout as the core asks for it, too. Descriptors come in as objects, and go as JSON. */
class LayoutPlace extends Source {
  readonly #layout: ImageLayout;

  constructor(layout: ImageLayout, options: Options) {
    super(options, async (blob, offset) => (offset > 0 ? undefined : await this.#read(blob)));
    this.#layout = layout;
  }

  async resolve(reference: string): Promise<string> {
    const found = await this.#layout.resolve(reference === "" ? undefined : reference, this.options);
    return JSON.stringify(found === undefined ? [] : [found]);
  }

  async referrers(digest: string): Promise<string> {
    const found: Descriptor[] = [];
    for await (const descriptor of this.#layout.referrers(digest, { signal: this.options.signal }))
      found.push(descriptor);
    return JSON.stringify(found);
  }

  async manifest(descriptor: Descriptor): Promise<Uint8Array> {
    const { signal } = this.options;
    return await readAll(verifyStream(await this.#read(descriptor), descriptor, { signal }), DOCUMENT_LIMIT, {
      signal,
    });
  }

  /** Whether the layout has it, and not something else in its place; one that is only written to has what was put. */
  async has(descriptor: Descriptor): Promise<boolean> {
    if (!(await this.#layout.has(descriptor, this.options))) return false;
    if (this.#layout.sequential) return true;
    const { signal } = this.options;
    const { digest } = await digestStream(await this.#read(descriptor), {
      algorithm: algorithmOf(descriptor.digest),
      signal,
    });
    return digest === descriptor.digest;
  }

  async put(descriptor: Descriptor, content: HostBody | Uint8Array): Promise<void> {
    const stream = content instanceof HostBody ? content.stream : streamOf(content);
    await this.#layout.put(descriptor, stream, this.options);
  }

  async tag(descriptor: Descriptor, name: string | undefined): Promise<void> {
    await this.#layout.tag(descriptor, name, this.options);
  }

  async #read(descriptor: Descriptor): Promise<ReadableStream<Uint8Array>> {
    const stream = await this.#layout.open(descriptor, this.options);
    if (stream === undefined) throw new LayoutError("INVALID_LAYOUT", `the layout does not have ${descriptor.digest}`);
    return stream;
  }
}

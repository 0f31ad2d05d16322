import type { Descriptor } from "../generated/Descriptor.js";
import type { LayoutFiles } from "../graph.js";

/** What every operation on a layout may be given. */
export interface LayoutOperation {
  /** Gives the operation up; it then rejects with the signal's reason, and leaves nothing half-done. */
  signal?: AbortSignal | undefined;
}

/** How far a blob has come. */
export interface PutProgress {
  readonly digest: string;
  /** Bytes that have been written. */
  readonly bytes: number;
  /** Bytes in all: the descriptor's size. */
  readonly total: number;
}

/** How a blob is put. */
export interface PutOptions extends LayoutOperation {
  /**
   * Whether the stream errors before its end unless it is what the descriptor says, as streams of this package's client and of
   * `verifyStream` do: then it is not hashed a second time. Its size is checked all the same.
   */
  verified?: boolean | undefined;
  onProgress?: ((progress: PutProgress) => void) | undefined;
}

/** Which referrers are wanted. */
export interface ReferrerOptions extends LayoutOperation {
  /** Only those of this artifact type. */
  artifactType?: string | undefined;
}

/**
 * An OCI image layout as a place to read from, to write to and to copy between (image specification, `image-layout.md`):
 * a folder, a tar archive, or an archive by `docker save`.
 *
 * Every method rejects with a {@link LayoutError}, with the signal's reason where that aborts, and with the host's own
 * error where its file system fails.
 */
export interface ImageLayout {
  /** True if blobs are written one after the other, in the order of the calls, and none is read before its turn. */
  readonly sequential?: boolean;
  /** The entries of `index.json`, as they stand there. */
  manifests(options?: LayoutOperation): Promise<readonly Descriptor[]>;
  /**
   * The descriptor of what a reference names; undefined if nothing has that name. It is looked for, in this order,
   * - as the `org.opencontainers.image.ref.name` of an entry of `index.json`;
   * - if it is a digest, among the entries and what they lead to by way of indexes;
   * - as an image's name that Docker would complete to that of an entry (`alpine:3.22`, `docker.io/library/alpine:3.22`), which is its
   *   `io.containerd.image.name` where that is set;
   * - as the tag at the end of an entry's name.
   *
   * Without a reference: the only entry, or else the only one that has a name. Rejects with `AMBIGUOUS_REFERENCE` where
   * entries of different digests answer to one of the latter ways.
   */
  resolve(reference?: string, options?: LayoutOperation): Promise<Descriptor | undefined>;
  /** Whether the content is there, and of the right size. It is not hashed. */
  has(descriptor: Descriptor, options?: LayoutOperation): Promise<boolean>;
  /**
   * Opens the content; undefined if it is not there. It is NOT verified: pass the stream through `verifyStream` with its
   * descriptor. The signal ends the opening only.
   */
  open(descriptor: Descriptor, options?: LayoutOperation): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Writes content, a manifest's or a blob's. It appears under its name once the whole has been verified, and not before. The
   * stream is taken over: it is cancelled where it is not needed, because the content is there already, or fails.
   *
   * Rejects with `SIZE_MISMATCH`, `BODY_TRUNCATED`, a `DigestMismatchError`, `INVALID_DIGEST`, `UNSUPPORTED_ALGORITHM`, or what the
   * stream fails with.
   */
  put(descriptor: Descriptor, content: ReadableStream<Uint8Array>, options?: PutOptions): Promise<void>;
  /**
   * Enters a manifest that is there into `index.json`, by a name (`org.opencontainers.image.ref.name`), or without one, as what refers
   * to another manifest is entered. A name moves from whoever had it, which stays as an entry without a name. Everything
   * else in the file stays as it is, byte by byte.
   */
  tag(descriptor: Descriptor, reference?: string, options?: LayoutOperation): Promise<void>;
  /**
   * The manifests whose `subject` has this digest: entries of `index.json`, and what those lead to by way of indexes, among them the one
   * under the fallback tag (distribution specification, "Referrers Tag Schema"). Each comes once, with its artifact type and
   * its own annotations, as a registry's referrers API gives them. Manifests are verified as they are read.
   */
  referrers(digest: string, options?: ReferrerOptions): AsyncIterable<Descriptor>;
  /** Ends the work: an archive that is written is complete then and not before. Files are given back. */
  close(): Promise<void>;
  /** In place of {@link close}, where the work failed: an archive that is written fails too, and leaves no file. */
  abort(reason?: unknown): Promise<void>;
}

/** A layout whose files can be read, and so validated: `validateLayout(layout.files)`. */
export interface ReadableLayout extends ImageLayout {
  readonly files: LayoutFiles;
}

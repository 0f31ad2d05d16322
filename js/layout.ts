import { InternalError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { Report } from "./generated/Report.js";
import type { ValidateOptions } from "./validate.js";

/** What something is to the document that names it. */
export type Role = "index" | "manifest" | "config" | "layer" | "blob" | "subject";

/** Where the parts of an image are read from. */
export interface ImageSource {
  /**
   * The bytes behind a descriptor, unverified; undefined if they are not there. The stream is read to its end or cancelled.
   * What this throws, the validation throws.
   */
  open(
    descriptor: Descriptor,
    role: Role,
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
  depth?: number;
  /** Descriptors that are followed, each as often as documents name it: 100,000. */
  descriptors?: number;
  /** Bytes of all manifests, indexes and configurations together: 256 MiB. */
  bytes?: number;
}

/** How an image or a layout is validated. */
export interface GraphOptions extends Pick<ValidateOptions, "profile"> {
  /** Ends the validation with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that a stream may be silent while it is read; no limit if not given. */
  idleTimeout?: number | undefined;
  limits?: GraphLimits;
}

/** Options of {@link validateImage}. */
export interface ImageOptions extends GraphOptions {
  /** The media type by which a root that is given as bytes was served. */
  mediaType?: string;
  /** What the root's report is called; its digest if not given. */
  name?: string;
}

/** The verdict on one document, with what is wrong with the things that it names. */
export interface NamedReport {
  /** The path of a layout's file, or else the digest by which the document is named. */
  name: string;
  /** Its `digest` is empty if the file is missing, or is no document. */
  report: Report;
  /** The document that lines and columns count in; undefined if the file is missing, or is no document. */
  bytes?: Uint8Array;
}

/**
 * Validates an image and all that it points at: each document against its rules and against what names it, each blob
 * against its size and digest, in constant memory. A document's report comes once all below it has been read, so the root's is
 * the last. A digest is read once, however often it is named.
 *
 * @param root the manifest or index itself, or a descriptor of it
 */
export function validateImage(
  _root: Uint8Array | ArrayBuffer | string | Descriptor,
  _source: ImageSource,
  _options: ImageOptions = {},
): AsyncGenerator<NamedReport, void, undefined> {
  throw new InternalError("not made yet");
}

/**
 * Validates an OCI image layout (image specification, `image-layout.md`): `oci-layout`, `index.json`, all that the index
 * leads to, and every other file in `blobs`. Reports come as those of {@link validateImage}; that of `index.json` after all
 * below it.
 */
export function validateLayout(
  _files: LayoutFiles,
  _options: GraphOptions = {},
): AsyncGenerator<NamedReport, void, undefined> {
  throw new InternalError("not made yet");
}

import type { TransportOptions } from "../core/settings.js";
import type { Profile } from "../generated/Profile.js";
import type { ObjectStore } from "../stores/object-store.js";
import type { FrontEvent } from "./events.js";

/** The registry that a front reads from. */
export interface UpstreamOptions extends TransportOptions {
  /** Its URL without path, or its host. */
  url: string;
  /** Reaches it by plain HTTP; only where `url` is a host. */
  plainHttp?: boolean | undefined;
}

/** What an operator decides of every front. */
export interface CommonOptions {
  /**
   * The origins whose web pages may read the registry, and write to it (`https://example.org`; `*` for every one); `false` for none. Left out, pages of
   * every origin may read, and none may write: their writes are answered with 403, those of pages from where the registry is among them.
   */
  cors?: readonly string[] | false | undefined;
  /** Told of what is answered with status 500, and of what the store fails with. Left out, `console.error` is. */
  onError?: ((error: unknown) => void) | undefined;
  /**
   * Told of each request once its response has been sent, or it was given up; and, second, what the front was given beside the request. What it
   * throws goes to `onError`.
   */
  onEvent?: ((event: FrontEvent, context: FrontContext | undefined) => void) | undefined;
}

/** What an operator decides of a front that hosts images. */
export interface HostingOptions extends CommonOptions {
  /** Where they are kept. */
  store: ObjectStore;
  /**
   * What manifests must be to be taken. `structural`, if left out: what the specification has registries take, and nothing that two readers could take
   * for two things; else also valid by the rules of a profile.
   */
  validation?: "structural" | Profile | undefined;
  /** Whether indexes are taken of which some manifests are not there; `false` if left out. */
  sparseIndexes?: boolean | undefined;
  /**
   * Whether nothing is ever written, so that the store need not take writes: requests that would change something are answered with 405, and no lease
   * is renewed. `false` if left out.
   */
  readOnly?: boolean | undefined;
  /**
   * Milliseconds for which collections keep content that nothing refers to: whoever was told that a blob is there has half of that time to put the
   * manifest that names it, and a run has two fifths of it to come to its end. A day if left out. Below some hours, a slow push may find that what it
   * relied on is gone, and clocks that differ by minutes count.
   */
  grace?: number | undefined;
  /**
   * Milliseconds after which collections give an upload up that nobody writes to. A day if left out.
   */
  uploadExpiry?: number | undefined;
  /**
   * The fewest bytes that chunks of an upload should have but for the last, which clients are told (`OCI-Chunk-Min-Length`). Smaller ones are taken, but
   * a blob has at most 10,000. Left out, clients are told nothing.
   */
  minChunk?: number | undefined;
  /**
   * The most bytes that a request may have, at least 4 MiB, which clients are told (`OCI-Chunk-Max-Length`, proposed for the specification): what the
   * host lets through, such as 100 MB on most plans of Workers. Larger ones are taken where they come. Left out, clients are told nothing.
   */
  maxChunk?: number | undefined;
  /**
   * Bytes of manifests that are held at a time until all of each has come, and is stored: at least 4 MiB, the most that one may have. Beyond that clients
   * are asked to come again (429 with `Retry-After`), but for manifests of 64 KiB or less. 32 MiB if left out.
   */
  manifestMemory?: number | undefined;
}

/** What an operator decides of a front that serves the images of another registry. */
export interface PullThroughOptions extends CommonOptions {
  /** The registry to read from: its URL, its host, or more about it. */
  upstream: string | UpstreamOptions;
}

/** What an operator decides. */
export type FrontOptions = HostingOptions | PullThroughOptions;

/** What a host gives beside a request. An `ExecutionContext` of Workers is one. */
export interface FrontContext {
  /**
   * Has the host go on with something when the response has been sent, or its client has left: with giving up an upload in order, and with deleting
   * what is left of one that was closed or cancelled. Where it is missing that goes on all the same, if the host lets it: Workers
   * do not, and there the context has to be passed.
   */
  waitUntil?(promise: Promise<unknown>): void;
}

/** A front below `Request` and `Response`, for servers to which both would be a detour. */
import { frontCore } from "../core/front.js";
import { HostBody } from "../core/host.js";
import { Revivable } from "../core/runtime.js";
import { endpoint, fetchSettings, optionalFunction, wholeNumber } from "../core/settings.js";
import { optionalText, optionalTexts } from "../core/text.js";
import { OciError } from "../errors.js";
import type { IncomingBody } from "./bodies.js";
import { type Collect, collector } from "./collect.js";
import { observed } from "./events.js";
import { failure } from "./failure.js";
import type { FrontContext, FrontOptions, HostingOptions, PullThroughOptions } from "./options.js";
import { StoreCalls } from "./store-calls.js";

/** A request. */
export interface Asked {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  /** A line of `name:value` for each header. */
  readonly headers: string;
  readonly body?: IncomingBody | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly context?: FrontContext | undefined;
}

/** A response. */
export interface Answered {
  readonly status: number;
  /** As of the request. `Content-Length` is among them wherever there is a body. */
  readonly headers: string;
  readonly body: Uint8Array<ArrayBuffer> | HostBody | undefined;
  /** To be called once the body was sent, with how many bytes of it were, and what it failed with. */
  readonly ended?: ((bytes: number, failure?: Failure) => void) | undefined;
}

/** What a response failed with. */
export interface Failure {
  readonly reason: unknown;
  /** That of the response which went out whole in its place. */
  readonly status?: number | undefined;
}

/** Answers a request. It rejects only if the request was given up: with its signal's reason. */
export type Handle = (asked: Asked) => Promise<Answered>;

/** The same, of a registry that hosts images. */
export type HostingHandle = Handle & { readonly collect: Collect };

/** Bytes of path and query that no request of the distribution API needs. */
const MAX_TARGET = 16 * 1024;
const DAY = 24 * 60 * 60 * 1000;
const MAX_TIME = 10 * 365 * DAY;
/** What every client may send at once, in bytes: a manifest may be that large. */
const MAX_MANIFEST = 4 * 1024 * 1024;
/** Bytes of manifests that are held at a time, of a Worker's 128 MB. */
const MANIFEST_MEMORY = 32 * 1024 * 1024;
const PROFILES: readonly unknown[] = ["structural", "1.1", "dev", "schema"];

/** What is left of an upload that a request has ended: its id, and whether a blob has its bytes. */
type Left = [upload: string, keepsBytes: boolean];
type Wire = [status: number, headers: string, body: Uint8Array<ArrayBuffer> | HostBody | undefined, ...left: Left | []];

/**
 * What answers by these options.
 *
 * @throws OciError `INVALID_ARGUMENT`, `INVALID_URL`
 */
export function createHandler(options: HostingOptions): HostingHandle;
export function createHandler(options: FrontOptions): Handle | HostingHandle;
export function createHandler(options: FrontOptions): Handle | HostingHandle {
  const origins = optionalTexts("cors", options.cors === false ? [] : options.cors);
  const onError = optionalFunction("onError", options.onError) ?? console.error;
  const { begin, clear, collect } =
    "store" in options ? hosting(options, origins, onError) : pullThrough(options, origins);
  const handle: Handle = async (asked) => {
    if (asked.target.length > MAX_TARGET) return failure(asked.method, 414, "UNSUPPORTED", "the URL is too long");
    try {
      // A request with a body ends by itself, as that fails: what it had claimed is given back then, for whoever goes on with it.
      const signal = asked.body === undefined ? asked.signal : undefined;
      const [status, headers, body, ...left] = await frontCore.run<Wire>(begin(asked), signal);
      if (left.length > 0) clear?.(left as Left, asked.context);
      if (asked.signal?.aborted && body instanceof HostBody) body.cancel();
      asked.signal?.throwIfAborted();
      return { status, headers, body };
    } catch (error) {
      // Whoever asked has left.
      if (asked.signal?.aborted) throw error;
      onError(error);
      return failure(asked.method, 500, "UNKNOWN", "the front failed");
    }
  };
  const onEvent = optionalFunction("onEvent", options.onEvent);
  const told = onEvent ? observed(handle, onEvent, onError) : handle;
  return collect ? Object.assign(told, { collect }) : told;
}

function hosting(options: HostingOptions, origins: string[] | undefined, onError: (error: unknown) => void) {
  const { store, validation = "structural", grace = DAY, uploadExpiry = DAY, minChunk, maxChunk } = options;
  const { manifestMemory = MANIFEST_MEMORY } = options;
  if (typeof store?.get !== "function") throw new OciError("INVALID_ARGUMENT", "store is no store of objects");
  if (!PROFILES.includes(optionalText("validation", validation)))
    throw new OciError("INVALID_ARGUMENT", `validation is none of ${PROFILES.join(", ")}`);
  wholeNumber("grace", grace, 1, MAX_TIME);
  wholeNumber("uploadExpiry", uploadExpiry, 1, MAX_TIME);
  wholeNumber("maxChunk", maxChunk ?? MAX_MANIFEST, MAX_MANIFEST, Number.MAX_SAFE_INTEGER);
  wholeNumber("minChunk", minChunk ?? 1, 1, maxChunk ?? Number.MAX_SAFE_INTEGER);
  wholeNumber("manifestMemory", manifestMemory, MAX_MANIFEST, Number.MAX_SAFE_INTEGER);
  const isSparse = options.sparseIndexes === true;
  const isReadOnly = options.readOnly === true;
  const profile = validation === "structural" ? undefined : validation;
  const calls = new StoreCalls(store, frontCore, onError);
  const front = new Revivable(
    frontCore,
    (glue) =>
      new glue.RawHosted(
        calls,
        origins,
        grace,
        uploadExpiry,
        minChunk,
        maxChunk,
        manifestMemory,
        profile,
        isSparse,
        isReadOnly,
      ),
  );
  const begin =
    ({ method, target, headers, body }: Asked) =>
    () =>
      front.get().handle(method, target, headers, body);
  const clear = (left: Left, context: FrontContext | undefined) => {
    // Nobody waits for it where the host cannot be asked to. It may fail: a collection deletes what is left then.
    const cleared = Promise.resolve().then(() => frontCore.run<void>(() => front.get().clear(...left)));
    const ended = cleared.catch(onError).catch(() => {});
    context?.waitUntil?.(ended);
  };
  return { begin, clear, collect: collector(front, calls) };
}

function pullThrough(options: PullThroughOptions, origins: string[] | undefined) {
  const upstream = typeof options.upstream === "string" ? { url: options.upstream } : options.upstream;
  const url = endpoint(upstream?.url, upstream?.plainHttp);
  const settings = fetchSettings(upstream);
  const front = new Revivable(frontCore, (glue) => new glue.RawFront(url, settings, origins));
  const begin = ({ method, target, headers, body }: Asked) => {
    // Nothing is written here.
    body?.cancel();
    return () => front.get().handle(method, target, headers);
  };
  return { begin, clear: undefined, collect: undefined };
}

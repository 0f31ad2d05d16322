/**
 * The registry front.
 *
 * @module pierhead/front
 */
import { HostBody, toLines } from "./core/host.js";
import { fixedLength } from "./engine/fixed-length.js";
import { IncomingBody } from "./front/bodies.js";
import type { Collect } from "./front/collect.js";
import { failure } from "./front/failure.js";
import { type Answered, type Asked, createHandler } from "./front/handler.js";
import type { FrontContext, FrontOptions, HostingOptions } from "./front/options.js";
import { ByteSource } from "./source.js";

export type { TransportOptions } from "./core/settings.js";
export type { Collect, CollectOptions } from "./front/collect.js";
export type { FrontEvent, FrontOperation } from "./front/events.js";
export { createMetrics, type FrontMetrics } from "./front/metrics.js";
export type {
  CommonOptions,
  FrontContext,
  FrontOptions,
  HostingOptions,
  PullThroughOptions,
  UpstreamOptions,
} from "./front/options.js";
export type { CollectReport } from "./generated/CollectReport.js";
export type { Profile } from "./generated/Profile.js";
export type { RetentionPolicy } from "./generated/RetentionPolicy.js";
export type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./stores/object-store.js";

/** Answers requests for the distribution API. Everything under `/v2/` is meant for it. */
export type Front = (request: Request, context?: FrontContext) => Promise<Response>;

/** A front that hosts images, and rids its store of what nobody needs any more when it is told to. */
export interface HostingFront extends Front {
  readonly collect: Collect;
}

/** Milliseconds until the next piece of a request's body must have come. */
const IDLE_TIMEOUT = 60_000;

/**
 * A front: a registry of its own over a store of objects, or the read side of the distribution API over one upstream registry, every byte of which is
 * verified on its way.
 *
 * @throws OciError `INVALID_URL`, `INVALID_ARGUMENT`
 */
export function createFront(options: HostingOptions): HostingFront;
export function createFront(options: FrontOptions): Front;
export function createFront(options: FrontOptions): Front {
  const handle = createHandler(options);
  const { onError = console.error } = options;
  const front: Front = async (request, context) => {
    try {
      const asked = askedBy(request, context);
      const answered = handle(asked);
      // Workers stop at once when their client leaves, but for this: what was begun is to be given up in order.
      if (asked.body !== undefined) context?.waitUntil?.(answered.catch(() => {}));
      return respond(await answered, request.method, onError);
    } catch (error) {
      // Whoever asked has left.
      if (request.signal.aborted) throw error;
      onError(error);
      return toResponse(failure(request.method, 500, "UNKNOWN", "the front failed"));
    }
  };
  return "collect" in handle ? Object.assign(front, { collect: handle.collect }) : front;
}

function askedBy(request: Request, context: FrontContext | undefined): Asked {
  const { method, url, headers, signal } = request;
  const { pathname, search } = new URL(url);
  const body = request.body ? new IncomingBody(request.body, { idleTimeout: IDLE_TIMEOUT }, signal) : undefined;
  return { method, target: pathname + search, headers: toLines(headers), body, signal, context };
}

/** The response; where the host refuses it, as it may one of its headers, another one in its place. */
function respond(answered: Answered, method: string, onError: (error: unknown) => void): Response {
  try {
    return toResponse(answered);
  } catch (reason) {
    onError(reason);
    const instead = failure(method, 500, "UNKNOWN", "the front failed");
    answered.ended?.(instead.body?.byteLength ?? 0, { reason, status: instead.status });
    // Which would tell of its end, too.
    if (answered.body instanceof HostBody) answered.body.cancel(reason);
    return toResponse(instead);
  }
}

/** Throws where the host refuses it, before its body is touched. */
function toResponse({ status, headers: lines, body, ended }: Answered): Response {
  const fields = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line): [string, string] => {
      const end = line.indexOf(":");
      return [line.slice(0, end), line.slice(end + 1)];
    });
  const headers = new Headers(fields);
  if (!(body instanceof HostBody)) {
    const response = new Response(body ?? null, { status, headers });
    ended?.(body?.byteLength ?? 0);
    return response;
  }
  const length = Number(headers.get("content-length") ?? Number.NaN);
  const stream = ended ? counted(body.stream, ended) : body.stream;
  return new Response(fixedLength(stream, length), { status, headers });
}

/** The stream, and at its end the word that it has come. */
function counted(
  stream: ReadableStream<Uint8Array>,
  ended: NonNullable<Answered["ended"]>,
): ReadableStream<Uint8Array> {
  const source = new ByteSource(stream, {});
  let sent = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const chunk = await source.read();
          if (chunk === undefined) {
            controller.close();
            ended(sent);
            return;
          }
          sent += chunk.byteLength;
          controller.enqueue(chunk);
        } catch (reason) {
          ended(sent, { reason });
          throw reason;
        }
      },
      async cancel(reason) {
        ended(sent, { reason: undefined });
        await source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

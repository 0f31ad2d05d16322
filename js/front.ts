/**
 * The registry front.
 *
 * @module pierhead/front
 */
import { frontCore } from "./core/front.js";
import { HostBody, toLines } from "./core/host.js";
import { Revivable } from "./core/runtime.js";
import { endpoint, fetchSettings, type TransportOptions } from "./core/settings.js";
import { optionalTexts } from "./core/text.js";
import { fixedLength } from "./engine/fixed-length.js";

export type { TransportOptions } from "./core/settings.js";

/** The registry that a front reads from. */
export interface UpstreamOptions extends TransportOptions {
  /** Its URL without path, or its host. */
  url: string;
  /** Reaches it by plain HTTP; only where `url` is a host. */
  plainHttp?: boolean | undefined;
}

/** What an operator decides. */
export interface FrontOptions {
  /** The registry to read from: its URL, its host, or more about it. */
  upstream: string | UpstreamOptions;
  /** The origins whose web pages may read (`https://example.org`); `false` for none. Left out, pages of every origin may. */
  cors?: readonly string[] | false | undefined;
  /** Told of what is answered with status 500: a defect of this package or of the host. Left out, `console.error` is. */
  onError?: ((error: unknown) => void) | undefined;
}

/** Answers requests for the distribution API. Everything under `/v2/` is meant for it. */
export type Front = (request: Request) => Promise<Response>;

interface Answer {
  status: number;
  headers: [string, string][];
  body?: Uint8Array<ArrayBuffer> | HostBody;
}

/**
 * A front over one upstream registry: the read side of the distribution API, with every byte verified on its way.
 *
 * @throws OciError `INVALID_URL`, `INVALID_ARGUMENT`
 */
export function createFront(options: FrontOptions): Front {
  const upstream = typeof options.upstream === "string" ? { url: options.upstream } : options.upstream;
  const url = endpoint(upstream.url, upstream.plainHttp);
  const settings = fetchSettings(upstream);
  const origins = optionalTexts("cors", options.cors === false ? [] : options.cors);
  const front = new Revivable(frontCore, (glue) => new glue.RawFront(url, settings, origins));
  const { onError = console.error } = options;
  return async (request) => {
    try {
      const { pathname, search } = new URL(request.url);
      const handle = front.get();
      const { method, signal } = request;
      const fields = toLines(request.headers);
      return toResponse(await frontCore.run<Answer>(() => handle.handle(method, pathname + search, fields), signal));
    } catch (error) {
      // Whoever asked has left.
      if (request.signal.aborted) throw error;
      onError(error);
      return failure(request.method);
    }
  };
}

function toResponse({ status, headers, body }: Answer): Response {
  if (!(body instanceof HostBody)) return new Response(body ?? null, { status, headers });
  const length = headers.find(([name]) => name === "content-length")?.[1];
  return new Response(fixedLength(body.stream, Number(length)), { status, headers });
}

/** A response of the specification's form ("Error Codes") that shows nothing of what failed. */
function failure(method: string): Response {
  const body = JSON.stringify({ errors: [{ code: "UNKNOWN", message: "the front failed" }] });
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return new Response(method === "HEAD" ? null : body, { status: 500, headers });
}

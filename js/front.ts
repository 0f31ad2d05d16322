import { frontCore } from "./core/front.js";
import { HostBody } from "./core/host.js";
import { Revivable } from "./core/runtime.js";
import { endpoint, fetchSettings, type TransportOptions } from "./core/settings.js";
import { fixedLength } from "./engine/fixed-length.js";

export type { TransportOptions } from "./core/settings.js";

/** The registry that a front reads from. */
export interface UpstreamOptions extends TransportOptions {
  /** Its URL without path, or its host. */
  url: string;
  /** Reaches it by plain HTTP; only where `url` is a host. */
  plainHttp?: boolean;
}

/** What an operator decides. */
export interface FrontOptions {
  /** The registry to read from: its URL, its host, or more about it. */
  upstream: string | UpstreamOptions;
  /** The origins whose web pages may read (`https://example.org`); `false` for none. Left out, pages of every origin may. */
  cors?: readonly string[] | false;
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
  const origins = options.cors === undefined ? undefined : options.cors === false ? [] : [...options.cors];
  const front = new Revivable(frontCore, (glue) => new glue.RawFront(url, settings, origins));
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const handle = front.get();
    const answer = await frontCore.run<Answer>(
      () => handle.handle(request.method, pathname + search, request.headers),
      request.signal,
    );
    return toResponse(answer);
  };
}

function toResponse({ status, headers, body }: Answer): Response {
  if (!(body instanceof HostBody)) return new Response(body ?? null, { status, headers });
  const length = headers.find(([name]) => name === "content-length")?.[1];
  return new Response(fixedLength(body.stream, Number(length)), { status, headers });
}

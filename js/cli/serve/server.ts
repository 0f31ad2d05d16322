/** A front on a port: HTTP/1.1, with TLS or without. */
import { lookup } from "node:dns/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { createHandler, type Handle } from "../../front/handler.js";
import { createMetrics } from "../../front/metrics.js";
import type { HostingOptions } from "../../front/options.js";
import type { CollectReport } from "../../generated/CollectReport.js";
import type { ObjectStore } from "../../stores/object-store.js";
import { Behind } from "./behind.js";
import { type CollectingOptions, keepCollecting } from "./collecting.js";
import { exchange } from "./exchange.js";
import { isLoopback, onlyByName } from "./loopback.js";

/** Where and how it is served. */
export interface ServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Certificates and key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Names by which it may be asked for, where it listens for this machine alone: such as that of a proxy before it. */
  readonly names?: readonly string[] | undefined;
  readonly limits?: ServerLimits | undefined;
  /** How what nobody needs is collected; if left out, it is not. */
  readonly collecting?: CollectingOptions | undefined;
}

/** How much of a server its clients may take. */
export interface ServerLimits {
  /** Connections at a time: whoever comes beyond that is turned away. 1024 if left out. */
  readonly maxConnections?: number | undefined;
  /** Milliseconds until the headers of a request must have come: 408 behind them. Half a minute if left out. */
  readonly headersTimeout?: number | undefined;
  /** Milliseconds that may pass without a byte of a request's body: 408 behind them. A minute if left out. */
  readonly bodyTimeout?: number | undefined;
}

/** A front that listens. */
export interface Serving {
  readonly url: string;
  /** Whether it listens for this machine alone. */
  readonly isLocal: boolean;
  /**
   * Takes no more requests, and resolves once those that run have ended, with what they leave to be done behind their answers, or after so many
   * milliseconds have been cut; so is a collection that has not come to the end of its page.
   */
  close(milliseconds: number): Promise<void>;
}

/** Bytes of a request's line and headers that are read, so that a URL of twice the 32 KiB that some clients send is still answered. */
const MAX_HEADER_SIZE = 128 * 1024;
/** Connections at a time, of which each may take two buffers and two files. */
const MAX_CONNECTIONS = 1024;
/** Bytes of manifests that are held at a time: 32 of the largest. */
const MANIFEST_MEMORY = 128 * 1024 * 1024;
/** Milliseconds until the headers of a request must have come. */
const HEADERS_TIMEOUT = 30_000;
/** Milliseconds between two searches for requests whose headers have not: Node's own half minute would be added to what they may take. */
const CHECKING_INTERVAL = 1_000;
/** Milliseconds until the next piece of a request's body must have come. */
const BODY_TIMEOUT = 60_000;
/** Milliseconds until the next request on a connection must have come: longer than proxies and clients keep theirs. */
const KEEP_ALIVE_TIMEOUT = 75_000;
/** Milliseconds for which nothing may go either way while a response is on its way. */
const SOCKET_TIMEOUT = 180_000;
/** Milliseconds that the store may take to show that it is well. */
const HEALTH_TIMEOUT = 5_000;

/**
 * Serves a hosted registry, and beside it `/healthz` and `/metrics`.
 *
 * @throws OciError as of `createFront`
 */
export async function serve(
  options: HostingOptions,
  { host, port, tls, names = [], collecting, limits = {} }: ServerOptions,
): Promise<Serving> {
  const { maxConnections = MAX_CONNECTIONS, headersTimeout = HEADERS_TIMEOUT, bodyTimeout = BODY_TIMEOUT } = limits;
  const { onError = console.error } = options;
  const metrics = createMetrics();
  // A name may be one of this machine's: judged by itself, it would have every page read what is for this machine alone.
  const listened = isIP(host) > 0 || host === "" ? host : (await lookup(host)).address;
  const isLocal = isLoopback(listened);
  const handle = createHandler({
    ...options,
    manifestMemory: options.manifestMemory ?? MANIFEST_MEMORY,
    // What is for this machine alone is not for every page that its user looks at.
    cors: options.cors ?? (isLocal ? false : undefined),
    onEvent: (event, context) => {
      metrics.observe(event);
      options.onEvent?.(event, context);
    },
  });
  const all = beside(handle, options.store, () => metrics.text());
  const answer = isLocal ? onlyByName(all, [host, ...names]) : all;
  const settings = {
    maxHeaderSize: MAX_HEADER_SIZE,
    headersTimeout,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    // A push takes as long as it goes on.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    noDelay: true,
  };
  const server: Server = tls
    ? createTlsServer({ ...settings, ...tls, handshakeTimeout: headersTimeout })
    : createServer(settings);
  server.timeout = SOCKET_TIMEOUT;
  server.maxConnections = maxConnections;
  // Connections that wait for a next request keep nobody out for long.
  server.on("drop", () => server.closeIdleConnections());
  let isClosing = false;
  const open = new Set<ServerResponse>();
  const behind = new Behind();
  const serveOne = (request: IncomingMessage, response: ServerResponse, begin?: () => void) => {
    if (isClosing) response.shouldKeepAlive = false;
    open.add(response);
    response.once("close", () => {
      open.delete(response);
      // Which was kept alive before it was known that no more would be taken.
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
    // Also of a client that has left, which may go on long after its connection.
    behind.waitUntil(exchange(answer, request, response, { bodyTimeout, begin, context: behind, onError }));
  };
  server.on("request", (request, response) => serveOne(request, response));
  // Whoever waits for leave to send a body is told to go on when the body is wanted.
  server.on("checkContinue", (request, response: ServerResponse) =>
    serveOne(request, response, () => response.writeContinue()),
  );
  server.on("clientError", refuse);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, listened, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const ended = new AbortController();
  const onCollect = (report: CollectReport) => {
    metrics.observeCollection(report);
    collecting?.onCollect?.(report);
  };
  const collected = collecting && keepCollecting(handle.collect, { ...collecting, onCollect }, onError, ended.signal);
  const { address, family, port: bound } = server.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  return {
    url: `${tls ? "https" : "http"}://${name}:${bound}`,
    isLocal,
    async close(milliseconds) {
      isClosing = true;
      ended.abort();
      for (const response of open) response.shouldKeepAlive = false;
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeIdleConnections();
      let timer: NodeJS.Timeout | undefined;
      const expired = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          server.closeAllConnections();
          resolve();
        }, milliseconds);
      });
      const done = Promise.all([collected, closed.then(() => behind.ended())]);
      await Promise.all([closed, Promise.race([done, expired])]);
      clearTimeout(timer);
    },
  };
}

/** What is beside the registry. */
function beside(handle: Handle, store: ObjectStore, metrics: () => string): Handle {
  return async (asked) => {
    const { method, target } = asked;
    if (target.startsWith("/v2/")) return await handle(asked);
    const path = target.split("?", 1)[0];
    if ((path !== "/healthz" && path !== "/metrics") || (method !== "GET" && method !== "HEAD"))
      return await handle(asked);
    if (path === "/metrics") return text(method, 200, metrics(), "text/plain; version=0.0.4; charset=utf-8");
    return (await isWell(store)) ? text(method, 200, "ok\n") : text(method, 503, "the store does not answer\n");
  };
}

async function isWell(store: ObjectStore): Promise<boolean> {
  const timeout = AbortSignal.timeout(HEALTH_TIMEOUT);
  const expired = new Promise<boolean>((resolve) => {
    timeout.addEventListener("abort", () => resolve(false));
  });
  const answered = store.head("healthz", { signal: timeout }).then(
    () => true,
    () => false,
  );
  return await Promise.race([answered, expired]);
}

function text(method: string, status: number, content: string, type = "text/plain; charset=utf-8") {
  const body = new TextEncoder().encode(content);
  const headers = `content-type:${type}\ncontent-length:${body.byteLength}\ncache-control:no-store\n`;
  return { status, headers, body: method === "HEAD" ? undefined : body };
}

/** What is no HTTP, or too large to be read. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const isLarge = error.code === "HPE_HEADER_OVERFLOW";
  const status = isLarge ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const message = isLarge ? "the URL and the headers are too large" : "the request cannot be read";
  const body = JSON.stringify({ errors: [{ code: "UNSUPPORTED", message }] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

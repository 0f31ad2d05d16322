import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type Duplex, pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { received } from "./garbage.js";
import { version } from "./version.js";

/** Connections are kept for the next request, but do not keep the process. */
const PROTOCOLS: ReadonlyMap<string, { request: typeof httpRequest; agent: HttpAgent }> = new Map([
  ["http:", { request: httpRequest, agent: new HttpAgent({ keepAlive: true }) }],
  ["https:", { request: httpsRequest, agent: new HttpsAgent({ keepAlive: true }) }],
]);

/** What is decoded, as the Fetch standard has it, whether it was asked for or not. */
const DECODERS: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

/** Statuses of responses without a body (Fetch standard, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * As much of `fetch` as the client needs, over Node's own HTTP: it takes a quarter less of the processor for what is moved, and
 * refuses no port. Redirects are not followed.
 */
export async function httpFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { signal, body } = init;
  signal?.throwIfAborted();
  const request = begin(new URL(input instanceof Request ? input.url : input), init);
  const abort = () => void request.destroy();
  signal?.addEventListener("abort", abort);
  try {
    const head = headOf(request);
    send(request, body);
    return responseOf(await head, request);
  } catch (error) {
    request.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function begin(url: URL, { method = "GET", headers }: RequestInit): ClientRequest {
  const protocol = PROTOCOLS.get(url.protocol);
  if (protocol === undefined) throw new TypeError(`${url.protocol} is not HTTP`);
  const fields = new Headers(headers);
  if (!fields.has("accept")) fields.set("accept", "*/*");
  if (!fields.has("user-agent")) fields.set("user-agent", `pierhead/${version()}`);
  return protocol.request(url, { agent: protocol.agent, method, headers: Object.fromEntries(fields) });
}

function headOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // Behind the head, whoever reads the body is told.
    request.on("error", reject);
  });
}

function send(request: ClientRequest, body: RequestInit["body"]): void {
  if (body instanceof ReadableStream) {
    sendStream(request, body).catch((error: Error) => request.destroy(error));
    return;
  }
  if (body !== null && body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw new TypeError("a body is bytes, a text or a stream");
  }
  request.end(body);
}

/** Sends a stream of the length that the request states, as fast as it is taken. */
async function sendStream(request: ClientRequest, body: ReadableStream<Uint8Array>): Promise<void> {
  const length = Number(request.getHeader("content-length") ?? Number.POSITIVE_INFINITY);
  const reader = body.getReader();
  let sent = 0;
  let over = false;
  const stop = () => {
    // Of a response that comes before all is sent, the rest is not waited for.
    if (over || sent >= length) return;
    over = true;
    // Later than whoever waits hears how it ended: that the rest was not wanted must not pass for the reason.
    setImmediate(() => reader.cancel().catch(() => {}));
  };
  request.once("response", stop);
  request.once("close", stop);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || over) break;
    sent += value.byteLength;
    if (!request.write(value) && !over) await drained(request);
  }
  if (!over) request.end();
  over = true;
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      for (const event of ["drain", "close", "response"]) request.off(event, end);
      resolve();
    };
    for (const event of ["drain", "close", "response"]) request.on(event, end);
  });
}

function responseOf(message: IncomingMessage, request: ClientRequest): Response {
  const headers = new Headers();
  const { rawHeaders, statusCode: status = 0 } = message;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  // A connection on which not all was sent is of no use to others.
  message.once("close", () => request.writableEnded || request.destroy());
  const empty = request.method === "HEAD" || BODILESS.has(status);
  if (empty) message.resume();
  const body = empty ? null : streamOf(message, headers.get("content-encoding"));
  return new Response(body, { status, statusText: message.statusMessage ?? "", headers });
}

/** The body, of which nothing is read before it is asked for. */
function streamOf(message: IncomingMessage, encoding: string | null): ReadableStream<Uint8Array> {
  const source = decoded(message, encoding?.trim().toLowerCase());
  let over = false;
  const end = (act: () => void) => {
    if (!over) act();
    over = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        source.on("data", (chunk: Buffer) => {
          source.pause();
          received(chunk.byteLength);
          if (!over) controller.enqueue(chunk);
        });
        source.once("end", () => end(() => controller.close()));
        source.on("error", (error) => end(() => controller.error(error)));
        source.once("close", () => end(() => controller.error(new Error("the connection was closed"))));
        source.pause();
      },
      pull: () => void source.resume(),
      cancel: () => end(() => message.destroy()),
    },
    { highWaterMark: 0 },
  );
}

function decoded(message: IncomingMessage, encoding: string | undefined): Readable {
  const decoder = DECODERS.get(encoding ?? "")?.();
  return decoder === undefined ? message : pipeline(message, decoder, () => {});
}

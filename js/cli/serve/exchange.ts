/** One request to Node's server and its response, by way of the front's own interface. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { OciError } from "../../errors.js";
import { failure } from "../../front/failure.js";
import type { Answered, Handle } from "../../front/handler.js";
import type { FrontContext } from "../../front/options.js";
import { NodeBody } from "./node-body.js";
import { send } from "./send.js";

/** Bytes of all headers together that no client of a registry sends. */
const MAX_HEADERS = 32 * 1024;
/** How long a connection is read on, in milliseconds, so that a response may arrive which was made before all of the request was read. */
const LINGER = 2_000;

/** How a request is read, and what is beside it. */
export interface Reading {
  /** Milliseconds until the next piece of its body must have come. */
  readonly bodyTimeout: number;
  /** Called before its body is read. */
  readonly begin?: (() => void) | undefined;
  readonly context?: FrontContext | undefined;
  /** Is told of a response that could not be sent. */
  readonly onError: (error: unknown) => void;
}

/** Answers one request. Does not throw. */
export async function exchange(
  handle: Handle,
  request: IncomingMessage,
  response: ServerResponse,
  { bodyTimeout, begin, context, onError }: Reading,
): Promise<void> {
  const abort = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) abort.abort(new OciError("ABORTED", "the client has left"));
  });
  const { method = "", url: target = "" } = request;
  const headers = linesOf(request.rawHeaders);
  const body = hasBody(request) ? new NodeBody(request, bodyTimeout, begin) : undefined;
  let answered: Answered | undefined;
  try {
    answered =
      headers.length > MAX_HEADERS
        ? failure(method, 431, "UNSUPPORTED", "the headers are too large")
        : await handle({ method, target, headers, body, signal: abort.signal, context });
    if (body !== undefined && !request.complete) lingerAfter(request, response);
    await send(answered, response);
  } catch (reason) {
    // A connection that is gone, a body that failed, which must not look whole, or headers that cannot be sent.
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (response.destroyed) {
      answered?.ended?.(0, { reason });
      return;
    }
    onError(reason);
    const ended = (bytes: number) => answered?.ended?.(bytes, { reason, status: 500 });
    await send({ ...failure(method, 500, "UNKNOWN", "the front failed"), ended }, response);
  }
}

function linesOf(raw: readonly string[]): string {
  let lines = "";
  for (let at = 0; at < raw.length; at += 2) lines += `${raw[at]}:${raw[at + 1]}\n`;
  return lines;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** What is left of a request is read for a moment, and thrown away: to close at once would take the response from whoever still sends. */
function lingerAfter(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.once("finish", () => {
    const timer = setTimeout(() => request.destroy(), LINGER);
    request.once("close", () => clearTimeout(timer));
    // In flow: whoever listens for `readable` keeps it from that.
    request.removeAllListeners("readable");
    request.resume();
  });
}

import type { ClientRequest, IncomingMessage } from "node:http";
import { releaseConnection } from "./connections.js";
import type { Exchange } from "./exchange.js";
import { pieceBody } from "./piece-body.js";

/** The bytes from which on a body is read past Node's parser, which copies each 64 KiB of it into memory of their own. */
const LARGE = 1024 * 1024;

/** Whether a response has a body of as many bytes as its `Content-Length` says, which Node has found to be a number, and they are many. */
export function isLarge({ statusCode, headers }: IncomingMessage, { method }: ClientRequest): boolean {
  const hasBody = method === "GET" && (statusCode === 200 || statusCode === 206);
  const isPlain = headers["transfer-encoding"] === undefined && headers["content-encoding"] === undefined;
  const length = Number(headers["content-length"]);
  return hasBody && isPlain && Number.isSafeInteger(length) && length >= LARGE;
}

/**
 * A large body, the rest of which is read past Node's parser, once the exchange is halted; undefined if it is none, or there is nothing to
 * read it from.
 */
export function largeBody(
  message: IncomingMessage,
  request: ClientRequest,
  exchange: Exchange,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> | undefined {
  if (!isLarge(message, request) || message.complete) return undefined;
  const connection = exchange.detach();
  if (connection === undefined) return undefined;
  // What came with the head is the parser's, to the last byte.
  while (exchange.readableLength > 0) exchange.read();
  const first: Buffer = message.read() ?? Buffer.alloc(0);
  const left = Number(message.headers["content-length"]) - first.byteLength;
  const done = () => releaseConnection(connection, message, request);
  const body = pieceBody({ connection, first, left, signal, done });
  // To the parser it ends here, without the connection.
  request.destroy();
  return body;
}

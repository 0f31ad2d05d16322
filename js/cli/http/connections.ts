import type { ClientRequest, IncomingMessage } from "node:http";
import type { SecureContext } from "node:tls";
import { Connection } from "./connection.js";

/**
 * Milliseconds for which a connection is kept for the next request: less than the five seconds after which Node's servers, the most
 * impatient of those that are common, close theirs.
 */
const KEPT = 4000;

interface Idle {
  readonly connection: Connection;
  /** Since when. */
  readonly since: number;
}

/** By origin, those last that were used last. */
const idle = new Map<string, Idle[]>();

/** A connection to the server of a URL, by the same `secure`: one that has ended a request before, or a new one. */
export function takeConnection(url: URL, secure: SecureContext | undefined): Connection {
  const kept = idle.get(url.origin) ?? [];
  for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
    const { connection, since } = last;
    if (!connection.over && connection.secure === secure && performance.now() - since < KEPT) {
      connection.wake();
      return connection;
    }
    connection.destroy();
  }
  return new Connection(url, secure);
}

/** Keeps a connection for the next request, if it is good for that once a response has come to its end. It does not keep the process. */
export function releaseConnection(
  connection: Connection | undefined,
  { httpVersionMajor, httpVersionMinor, headers }: IncomingMessage,
  request: ClientRequest,
): void {
  if (connection === undefined) return;
  const isKept = httpVersionMajor === 1 && httpVersionMinor >= 1 && !/\bclose\b/i.test(headers.connection ?? "");
  // One on which not all was sent is of no use to others.
  if (!isKept || !request.writableFinished) {
    connection.destroy();
    return;
  }
  connection.rest();
  const kept = idle.get(connection.origin) ?? [];
  kept.push({ connection, since: performance.now() });
  idle.set(connection.origin, kept);
}

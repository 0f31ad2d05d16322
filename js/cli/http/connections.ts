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

/** A connection to the server of a URL: one that has ended a request before, or a new one. */
export function takeConnection(url: URL): Connection {
  const kept = idle.get(url.origin) ?? [];
  for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
    const { connection, since } = last;
    if (!connection.over && performance.now() - since < KEPT) {
      connection.wake();
      return connection;
    }
    connection.destroy();
  }
  return new Connection(url);
}

/** Keeps a connection, whose request and response have ended, for the next request. It does not keep the process. */
export function keepConnection(connection: Connection): void {
  connection.rest();
  const kept = idle.get(connection.origin);
  const last = { connection, since: performance.now() };
  if (kept === undefined) idle.set(connection.origin, [last]);
  else kept.push(last);
}

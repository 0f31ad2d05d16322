import { Duplex } from "node:stream";
import type { Connection, Reader } from "./connection.js";

type Callback = (error?: Error | null) => void;

/**
 * A request and its response on a connection, as the stream that Node's HTTP takes for a socket. The connection can be taken from it, for the
 * next request or for the rest of a body; then it may end in any way.
 */
export class Exchange extends Duplex implements Reader {
  #connection: Connection | undefined;
  #halted = false;

  constructor(connection: Connection) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    connection.read(this);
  }

  /** Asks for no more of the response. What comes all the same, Node is given all the same. */
  halt(): void {
    this.#halted = true;
  }

  /** Takes the connection away; undefined if there is none any more. */
  detach(): Connection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection?.over ? undefined : connection;
  }

  got(bytes: Uint8Array): boolean {
    // A copy: the memory is used again.
    return this.push(Buffer.from(bytes)) && !this.#halted;
  }

  ended(error?: Error): void {
    if (error === undefined) this.push(null);
    else this.destroy(error);
  }

  override _read(): void {
    if (!this.#halted) this.#connection?.resume();
  }

  override _write(chunk: Uint8Array, _encoding: unknown, callback: Callback): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: Callback): void {
    const bytes = chunks.map(({ chunk }) => chunk);
    this.#send(bytes, callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.detach()?.destroy();
    callback(error);
  }

  #send(chunks: readonly Uint8Array[], callback: Callback): void {
    if (this.#connection === undefined) callback(new Error("the exchange is over"));
    else this.#connection.write(chunks, callback);
  }
}

import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import type { SecureContext } from "node:tls";

/** Bytes that are read at once where nobody says what into. */
const BUFFER = 64 * 1024;

/** What becomes of the bytes that a connection brings. */
export interface Reader {
  /**
   * Where the next of them are read into; without it, into memory that is used again for those after them. It is asked for after each `got`, and
   * the system may write to what was named until then: only within `got` can that memory be given away.
   */
  room?(): Uint8Array;
  /** Takes bytes, and says whether more may come at once; some may all the same. */
  got(bytes: Uint8Array): boolean;
  /** No more bytes come, for a reason if there is one. */
  ended(error?: Error): void;
}

/** Nobody: bytes that nobody asked for end the connection. */
const IDLE: Reader = { got: () => false, ended: () => {} };

/**
 * A connection to an HTTP server, whose bytes are read right into the memory that its reader names. Node's sockets else give them in buffers
 * of 64 KiB, of 16 with TLS, each of them new.
 */
export class Connection {
  readonly origin: string;
  /** What was trusted, where that is not what Node trusts. */
  readonly secure: SecureContext | undefined;
  readonly #socket: Socket;
  readonly #buffer = new Uint8Array(BUFFER);
  #reader: Reader = IDLE;
  #end: { readonly error: Error | undefined } | undefined;

  /** Begins to connect to the server of an `http:` or `https:` URL. */
  constructor(url: URL, secure: SecureContext | undefined) {
    this.origin = url.origin;
    this.secure = secure;
    this.#socket = opened(url, secure, {
      buffer: () => this.#reader.room?.() ?? this.#buffer,
      callback: (length, buffer) => this.#got(buffer.subarray(0, length)),
    });
    this.#socket.on("error", (error) => this.#ended(error));
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("close", () => this.#ended());
  }

  /** Whether there is nothing more to be had of it. */
  get over(): boolean {
    return this.#end !== undefined;
  }

  /** Who gets what comes from now on. */
  read(reader: Reader): void {
    this.#reader = reader;
    if (this.#end !== undefined) reader.ended(this.#end.error);
  }

  /** Goes on after a reader wanted no more. */
  resume(): void {
    this.#socket.resume();
  }

  /** Sends bytes; calls back when they are gone. */
  write(chunks: readonly Uint8Array[], callback: (error?: Error | null) => void): void {
    this.#socket.cork();
    for (const chunk of chunks.slice(0, -1)) this.#socket.write(chunk);
    this.#socket.write(chunks.at(-1) ?? new Uint8Array(0), callback);
    this.#socket.uncork();
  }

  /** Waits for the next request, and keeps no process for that. */
  rest(): void {
    this.#reader = IDLE;
    this.#socket.unref();
    this.#socket.resume();
  }

  /** Is used again. */
  wake(): void {
    this.#socket.ref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #got(bytes: Uint8Array): boolean {
    if (this.#reader === IDLE) this.destroy();
    return this.#reader.got(bytes);
  }

  #ended(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#reader.ended(error);
  }
}

function opened(
  { protocol, hostname, port }: URL,
  secureContext: SecureContext | undefined,
  onread: OnReadOpts,
): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol === "http:") return connect({ host, port: Number(port || 80), noDelay: true, onread });
  // An address is no name by which a server could choose its certificate (RFC 6066, section 3).
  const servername = isIP(host) === 0 ? host : "";
  const options = {
    host,
    port: Number(port || 443),
    servername,
    secureContext,
    ALPNProtocols: ["http/1.1"],
    noDelay: true,
    onread,
  };
  // Loaded where it is needed: it takes longer than the rest of a client.
  return process.getBuiltinModule("node:tls").connect(options);
}

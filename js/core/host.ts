import { fixedLength } from "../engine/fixed-length.js";
import { OciError, TransferError } from "../errors.js";
import { ByteSource } from "../source.js";
import { verifyStream } from "../stream.js";
import { quietly } from "./quietly.js";
import type { ExecutorGlue, Runtime } from "./runtime.js";

/** Milliseconds that something may take which keeps a time limit of its own. */
const MAX_WAIT = 2 ** 30;

/** Bytes that are first made room for where nobody knows how many will come. */
const FIRST_ROOM = 1024 * 1024;
/** How many bytes of a request must get away in a millisecond: no host says how many have, of bytes that it was given at once. */
const SLOWEST_UPLOAD = 16;

/** How a client's requests are sent. */
export interface FetchSettings {
  /** The function that sends them. */
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds until the head of a response must have come. */
  readonly headersTimeout: number;
  /** Milliseconds until the next piece of a body must have come. */
  readonly idleTimeout: number;
  /**
   * Whether this host lets redirects be seen. Browsers do not: there the first hidden one makes this "follow", and the
   * browser itself drops `Authorization` on the way to another origin.
   */
  redirect: "manual" | "follow";
  /** Whether this host can send a stream as it comes. Where it cannot, uploads go in chunks. */
  readonly streamsRequests: boolean;
  /** Asks for the credential of a registry, by the host and port that users know it by. */
  readonly credential: (registry: string) => Promise<WireCredential | undefined>;
  /** Is told what a registry wants its users to know. */
  readonly warned: (registry: string, text: string) => void;
}

/** A credential as the core reads it; of no kind, something that is none. */
export type WireCredential = [kind: "password" | "refreshToken" | "token", first: string, second?: string] | [kind: ""];

/** What is to be pushed: bytes that can be read from their beginning, and perhaps more than once. */
export interface HostContent {
  /** In bytes, where it is known before the content is read. */
  readonly size: number | undefined;
  /** Its digest: where it was known from the beginning, or once a reading came to its end. */
  readonly digest: string | undefined;
  /** Whether it can be opened again, at any offset. */
  readonly reopens: boolean;
  /** Is told how many of its bytes have arrived. */
  sent(bytes: number): void;
  /** Begins to read at an offset in bytes; `undefined` if that part can be read no more. */
  open(offset: number): Promise<HostBody | undefined>;
}

/** How a body is read. */
export interface BodySettings {
  /** Milliseconds until the next piece must have come; without it, no limit. */
  readonly idleTimeout?: number | undefined;
  /** Is told how many of its bytes were taken to be sent. */
  readonly onTaken?: ((bytes: number) => void) | undefined;
}

/** A body, kept on this side: the core holds it, and reads it only where it must. */
export class HostBody {
  readonly #stream: ReadableStream<Uint8Array> | null;
  readonly #settings: BodySettings;
  readonly #signal: AbortSignal | undefined;
  #source: ByteSource | undefined;
  /** What was read of the source and not yet taken. */
  #left: Uint8Array | undefined;

  constructor(stream: ReadableStream<Uint8Array> | null, settings: BodySettings, signal: AbortSignal | undefined) {
    this.#stream = stream;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** The body as a web stream; empty where the response had none. */
  get stream(): ReadableStream<Uint8Array> {
    return this.#stream ?? new ReadableStream({ start: (controller) => controller.close() });
  }

  /** The next piece, or `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#stream === null) return undefined;
    this.#source ??= new ByteSource(this.#stream, { idleTimeout: this.#settings.idleTimeout, signal: this.#signal });
    return await this.#source.read();
  }

  /** The next `size` bytes: fewer only where the body ends. */
  async take(size: number): Promise<Uint8Array> {
    let taken = new Uint8Array(0);
    let filled = 0;
    while (filled < size) {
      const chunk = this.#left ?? (await this.read());
      if (chunk === undefined) break;
      const part = chunk.subarray(0, size - filled);
      this.#left = part.length < chunk.length ? chunk.subarray(part.length) : undefined;
      // A chunk of the right size is handed on as it is.
      if (part.length === size) return part;
      const end = filled + part.length;
      if (end > taken.length) {
        const larger = new Uint8Array(Math.min(size, Math.max(end, 2 * taken.length, FIRST_ROOM)));
        larger.set(taken);
        taken = larger;
      }
      taken.set(part, filled);
      filled = end;
    }
    return taken.subarray(0, filled);
  }

  /**
   * The rest of it as a request carries it. `watch` is told that it is waited for, and that a piece of it was taken or it has ended;
   * and of its failure, which no host passes on as it is.
   */
  outgoing(watch: { reading(): void; taken(): void; failed(reason: unknown): void }): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        pull: async (controller) => {
          watch.reading();
          try {
            const chunk = await this.read();
            if (chunk === undefined) controller.close();
            else controller.enqueue(chunk);
            this.#settings.onTaken?.(chunk?.length ?? 0);
          } catch (error) {
            watch.failed(error);
            throw error;
          }
          watch.taken();
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Milliseconds until the next piece must have come. */
  get idleTimeout(): number {
    return this.#settings.idleTimeout ?? MAX_WAIT;
  }

  /** Gives the rest up, for a reason that its source is told. */
  cancel(reason?: unknown): void {
    // Whoever gives up no longer minds how it ended.
    quietly(() => (this.#source ?? this.#stream)?.cancel(reason).catch(() => {}));
  }

  /** This body, made to fail before its end unless it is what is expected, or at once if it cannot be verified. */
  verified(
    digest: string,
    size: number | undefined,
    range: { start: number; end: number } | undefined,
    contentEncoded: boolean,
  ): HostBody {
    const expected = size === undefined ? { digest } : { digest, size };
    const { idleTimeout } = this.#settings;
    let stream: ReadableStream<Uint8Array>;
    try {
      stream = verifyStream(this.stream, expected, { idleTimeout, contentEncoded, range, signal: this.#signal });
    } catch (error) {
      this.cancel();
      stream = new ReadableStream({ start: (controller) => controller.error(error) });
    }
    return new HostBody(stream, this.#settings, this.#signal);
  }
}

/** What a request carries. */
type Payload = Uint8Array<ArrayBuffer> | HostBody | undefined;

/** What the core asks of its host: `src/wasm/host.rs` declares it. None of the methods throws. */
export interface Host {
  schedule(task: number): void;
  resolve(task: number, value: unknown): void;
  reject(task: number, error: unknown): void;
  abandon(slot: number): void;
  now(): number;
  fetch(
    slot: number,
    task: number,
    settings: FetchSettings,
    method: string,
    url: string,
    headers: string,
    payload: Payload,
    size: number,
  ): void;
  fetchUnheeded(settings: FetchSettings, method: string, url: string, headers: string): void;
  sleep(slot: number, task: number, milliseconds: number): void;
  random(): number;
  credential(slot: number, task: number, settings: FetchSettings, registry: string): void;
  warned(settings: FetchSettings, registry: string, text: string): void;
  read(slot: number, task: number, body: HostBody): void;
  take(slot: number, task: number, body: HostBody, size: number): void;
  open(slot: number, task: number, content: HostContent, offset: number): void;
  verified(body: HostBody, digest: string, size: number, start: number, end: number, encoded: boolean): HostBody;
  cancel(body: HostBody): void;
}

/** The host of one runtime. */
export function createHost<G extends ExecutorGlue>(runtime: Runtime<G>): Host {
  return {
    schedule: (task) => runtime.schedule(task),
    resolve: (task, value) => runtime.end(task, { value }),
    reject: (task, error) => runtime.end(task, { error }),
    abandon: (slot) => runtime.abandon(slot),
    now: () => Date.now(),
    fetch: (slot, task, settings, method, url, headers, payload, size) => {
      const controller = new AbortController();
      const signal = runtime.signalOf(task);
      const streams = payload instanceof HostBody;
      const limit = settings.headersTimeout + (streams ? 0 : Math.ceil(size / SLOWEST_UPLOAD));
      const wait = { task, limit: streams ? MAX_WAIT : limit, giveUp: () => controller.abort() };
      runtime.begin(slot, wait, () =>
        exchange(settings, controller, signal, { method, url, headers, payload, size, limit }),
      );
    },
    fetchUnheeded: (settings, method, url, headers) => {
      const limit = settings.headersTimeout;
      const asked = { method, url, headers, payload: undefined, size: 0, limit };
      exchange(settings, new AbortController(), undefined, asked).then(
        ({ body }) => body.cancel(),
        () => {},
      );
    },
    sleep: (slot, task, milliseconds) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const wait = { task, limit: milliseconds, giveUp: () => clearTimeout(timer) };
      runtime.begin(
        slot,
        wait,
        () =>
          new Promise((resolve) => {
            timer = setTimeout(resolve, milliseconds);
          }),
      );
    },
    random: () => Math.floor(Math.random() * 2 ** 32),
    credential: (slot, task, settings, registry) =>
      // A person may have to answer.
      runtime.begin(slot, { task, limit: MAX_WAIT, giveUp: () => {} }, () => settings.credential(registry)),
    // Called from within the core, which nobody may enter, or throw through, before it has returned.
    warned: (settings, registry, text) => queueMicrotask(() => settings.warned(registry, text)),
    take: (slot, task, body, size) =>
      runtime.begin(slot, { task, limit: body.idleTimeout, giveUp: () => body.cancel() }, () => body.take(size)),
    open: (slot, task, content, offset) =>
      runtime.begin(slot, { task, limit: MAX_WAIT, giveUp: () => {} }, () => content.open(offset)),
    read: (slot, task, body) =>
      runtime.begin(slot, { task, limit: body.idleTimeout, giveUp: () => body.cancel() }, () => body.read()),
    verified: (body, digest, size, start, end, encoded) =>
      body.verified(digest, size < 0 ? undefined : size, start < 0 ? undefined : { start, end }, encoded),
    cancel: (body) => body.cancel(),
  };
}

/** A request, and how long the head of its response may take, in milliseconds. */
interface Asked {
  readonly method: string;
  readonly url: string;
  /** As lines: {@link toLines}. */
  readonly headers: string;
  readonly payload: Payload;
  readonly size: number;
  readonly limit: number;
}

/** The request as `fetch` takes it. A stream may take as long as it goes on; then, or where it halts, `timer` runs. */
function requestInit(
  { method, payload, size }: Asked,
  headers: [string, string][],
  timer: Timer,
  failed: (reason: unknown) => void,
): RequestInit & { duplex?: "half" } {
  if (!(payload instanceof HostBody)) return { method, headers, body: payload ?? null };
  // Without its length a stream is sent in HTTP's own chunks, which many registries refuse.
  headers.push(["content-length", String(size)]);
  const stream = payload.outgoing({ reading: () => timer.stop(), taken: () => timer.start(), failed });
  return { method, headers, body: fixedLength(stream, size), duplex: "half" };
}

/** A response, as `src/wasm/host.rs` reads it. */
interface Exchange {
  readonly status: number;
  readonly headers: string;
  readonly body: HostBody;
  /** Where it came from, if the host followed redirects by itself. */
  readonly url: string | undefined;
}

/** Sends one request and waits for the head of its response. */
async function exchange(
  settings: FetchSettings,
  controller: AbortController,
  caller: AbortSignal | undefined,
  asked: Asked,
): Promise<Exchange> {
  const { signal } = controller;
  const headers = ofLines(asked.headers);
  // Not `AbortSignal.any`, which is younger than all else that is needed. From the head on, the body itself heeds the caller.
  const abort = () => controller.abort(caller?.reason);
  if (caller?.aborted) abort();
  caller?.addEventListener("abort", abort);
  const timer = new Timer(asked.limit);
  let failure: { reason: unknown } | undefined;
  const init = requestInit(asked, headers, timer, (reason) => {
    failure = { reason };
  });
  // A form holds what proves who asks for a token: no browser may carry it on by itself to where it is led.
  const isSecret = asked.headers.includes("content-type:application/x-www-form-urlencoded\n");
  const send = async () => {
    const { fetch } = settings;
    const redirect = isSecret ? "manual" : settings.redirect;
    const sent = fetch(asked.url, { ...init, redirect, signal });
    return await Promise.race([sent, timer.expired]).catch((error: unknown) => {
      // A response that comes too late must not keep its connection.
      sent.then(giveUp, () => {});
      throw error;
    });
  };
  try {
    let response = await send();
    if (response.type === "opaqueredirect") {
      if (isSecret) throw new TransferError("UNEXPECTED_RESPONSE", "the token service leads a credential elsewhere");
      settings.redirect = "follow";
      response = await send();
    }
    if (signal.aborted) {
      // The function that sends need not mind the signal.
      giveUp(response);
      throw signal.reason;
    }
    return {
      status: response.status,
      headers: toLines(meantHeaders(response, asked.method)),
      body: new HostBody(response.body, settings, caller),
      url: response.redirected ? response.url : undefined,
    };
  } catch (error) {
    controller.abort();
    // Chromium rejects some aborted requests with an error of its own.
    if (caller?.aborted) throw caller.reason;
    if (failure !== undefined) throw failure.reason;
    if (error instanceof OciError) throw error;
    throw new TransferError("CONNECTION_FAILED", "the registry could not be reached", {}, { cause: error });
  } finally {
    timer.end();
    caller?.removeEventListener("abort", abort);
  }
}

function giveUp({ body }: Response): void {
  quietly(() => body?.cancel().catch(() => {}));
}

/**
 * The headers, but for a length that may not be the body's: a browser shows another origin's `Content-Length` and hides
 * its `Content-Encoding`, and hands over a decoded body all the same.
 */
function meantHeaders(response: Response, method: string): Headers {
  if (response.type !== "cors" || method === "HEAD" || response.headers.has("content-encoding"))
    return response.headers;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return headers;
}

/** Header fields as they cross into the core: a line of `name:value` each. */
export function toLines(headers: Headers): string {
  let lines = "";
  headers.forEach((value, name) => {
    lines += `${name}:${value}\n`;
  });
  return lines;
}

function ofLines(lines: string): [string, string][] {
  const headers: [string, string][] = [];
  for (const line of lines.split("\n").slice(0, -1)) {
    const end = line.indexOf(":");
    headers.push([line.slice(0, end), line.slice(end + 1)]);
  }
  return headers;
}

/** A time limit on one wait, or on each of several. */
export class Timer {
  /** Rejects once the time has passed. */
  readonly expired: Promise<never>;
  readonly #milliseconds: number;
  #expire = () => {};
  #handle: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /** Runs at once. */
  constructor(milliseconds: number) {
    this.expired = new Promise((_, reject) => {
      this.#expire = () => reject(new TransferError("TIMEOUT", `nothing came within ${milliseconds} ms`));
    });
    this.#milliseconds = milliseconds;
    this.start();
  }

  /** Begins the time anew. */
  start(): void {
    this.stop();
    if (!this.#over) this.#handle = setTimeout(this.#expire, this.#milliseconds);
  }

  /** Halts the time. */
  stop(): void {
    clearTimeout(this.#handle);
  }

  /** Ends it for good. */
  end(): void {
    this.#over = true;
    this.stop();
  }
}

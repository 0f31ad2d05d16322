import { HostBody } from "../core/host.js";
import { quietly } from "../core/quietly.js";
import { streamed } from "../lent.js";
import { ByteSource } from "../source.js";
import type { StoredObject } from "../stores/object-store.js";

/** Milliseconds until the next piece of an object must have come. */
const IDLE_TIMEOUT = 60_000;

/** The bodies of several objects one after another; each is opened when its first byte is wanted. */
export class PartsBody<Part = unknown> extends HostBody {
  readonly #open: (part: Part, abort: AbortController) => Promise<StoredObject>;
  readonly #others: Part[];
  readonly #abort = new AbortController();
  /** The object that is read, or to be read. */
  #current: StoredObject | undefined;
  #taken = false;
  #source: ByteSource | undefined;

  constructor(
    first: StoredObject,
    open: (part: Part, abort: AbortController) => Promise<StoredObject>,
    others: readonly Part[],
  ) {
    super(null, {}, undefined);
    this.#current = first;
    this.#open = open;
    this.#others = [...others];
  }

  /** The next object, which whoever asks has to read; `undefined` behind the last. */
  async next(): Promise<StoredObject | undefined> {
    if (this.#taken) {
      const [part, ...others] = this.#others.splice(0);
      this.#others.push(...others);
      this.#current = part === undefined ? undefined : await this.#open(part, this.#abort);
    }
    this.#taken = true;
    return this.#current;
  }

  override get stream(): ReadableStream<Uint8Array> {
    // As the store gave it: a host may know how to pass such a body on by itself.
    if (this.#others.length === 0 && !this.#taken && this.#current !== undefined) {
      this.#taken = true;
      return this.#current.body;
    }
    return streamed({ read: () => this.read(), cancel: async (reason) => this.cancel(reason) });
  }

  override async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = await this.#source?.read();
      if (chunk !== undefined) return chunk;
      const object = await this.next();
      if (object === undefined) return undefined;
      this.#source = new ByteSource(object.body, { idleTimeout: IDLE_TIMEOUT });
    }
  }

  override cancel(reason?: unknown): void {
    quietly(() => this.#abort.abort(reason));
    this.#others.length = 0;
    const left = this.#source ?? (this.#taken ? undefined : this.#current?.body);
    this.#taken = true;
    quietly(() => left?.cancel(reason).catch(() => {}));
  }
}

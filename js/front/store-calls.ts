/** A store as the core asks for it: `src/wasm/store.rs` is the other side. */
import { pieces } from "../bytes.js";
import { HostBody } from "../core/host.js";
import type { ExecutorGlue, Runtime } from "../core/runtime.js";
import { OciError, StoreError, TransferError } from "../errors.js";
import { orAborted } from "../source.js";
import { backingOf, readBacking } from "../stores/backing.js";
import { SizedBody } from "../stores/content.js";
import type { ObjectInfo, ObjectStore, StoredObject } from "../stores/object-store.js";
import { type IncomingBody, portion, type Tap } from "./bodies.js";
import { PartsBody } from "./parts-body.js";

/** Milliseconds that a store may take for anything but a stream. */
const TIME_LIMIT = 60_000;
/** Bytes of a stream that must get away in a millisecond: slower ones are given up for dead where their host has vanished. */
const SLOWEST = 1;
/** Milliseconds after which a stream is given up for dead of which nobody knows how long it is. */
const LONGEST = 24 * 60 * 60 * 1000;
/** Bytes of an object that are handed to the core with what is known of it, rather than as a stream that it has to ask for. */
const SMALL = 256 * 1024;

/** What fails without the store being at fault. */
const BLAMELESS: readonly string[] = [
  "STORE_BUSY",
  "STORE_CONTENT_MISMATCH",
  "BODY_TRUNCATED",
  "CONNECTION_LOST",
  "TIMEOUT",
  "ABORTED",
];

/** What is known of an object, as it crosses. */
type Known = [size: number, version: string, modified: number];
/** The object, and the first and the last byte of a part of it. */
type Ranged = [key: string, start?: number, end?: number];

/** What was begun for the core, until it waits no longer. */
interface Call {
  readonly abort: AbortController;
  /** Milliseconds that it may take. */
  readonly limit: number;
  /** Tells the operator of what a stream that the store gave failed with. */
  tell(thrown: unknown): void;
}

/** A store's methods, as the core calls them. */
export class StoreCalls<G extends ExecutorGlue> {
  readonly #store: ObjectStore;
  readonly #runtime: Runtime<G>;
  readonly #onError: (error: unknown) => void;
  readonly #secrets = new Uint32Array(256);
  #secretsLeft = 0;
  /** Called before each operation. */
  readonly watchers = new Set<() => void>();

  /** `onError` is told of what the store fails with. */
  constructor(store: ObjectStore, runtime: Runtime<G>, onError: (error: unknown) => void) {
    this.#store = store;
    this.#runtime = runtime;
    this.#onError = onError;
  }

  get verifies(): boolean {
    return this.#store.verifiesSha256 === true;
  }

  secret(): number {
    if (this.#secretsLeft === 0) {
      crypto.getRandomValues(this.#secrets);
      this.#secretsLeft = this.#secrets.length;
    }
    this.#secretsLeft -= 1;
    return this.#secrets[this.#secretsLeft] as number;
  }

  portion(body: IncomingBody, size: number, tap: Tap): HostBody {
    const { epoch } = this.#runtime;
    const held = (act: (tap: Tap) => void) => {
      if (epoch !== this.#runtime.epoch) throw new OciError("INTERNAL", "the core failed");
      this.#runtime.call(() => act(tap));
    };
    const guarded = {
      update: (chunk: Uint8Array) => {
        for (const piece of pieces(chunk)) held(() => tap.update(piece));
      },
      end: () => held(() => tap.end()),
      free: () => held(() => tap.free()),
    };
    return new HostBody(portion(body, size, guarded), {}, undefined);
  }

  call(slot: number, task: number, method: keyof typeof CALLS, given: unknown[]): void {
    for (const watch of this.watchers) watch();
    const abort = new AbortController();
    const limit = method === "put" ? timeToPut(given) : TIME_LIMIT;
    const call = { abort, limit, tell: (thrown: unknown) => this.#tell(blamed(thrown)) };
    this.#runtime.begin(slot, { task, limit, giveUp: () => abort.abort() }, () => this.#run(method, given, call));
  }

  async #run(method: keyof typeof CALLS, given: unknown[], call: Call): Promise<unknown> {
    try {
      const work: Promise<unknown> = CALLS[method](this.#store, given as never, call);
      return await within(work, call);
    } catch (thrown) {
      // Unless a stream is put, which a request brought, nobody but the store is at fault for what breaks off or falls silent.
      const isOwn = thrown instanceof TransferError && !(method === "put" && given[1] instanceof HostBody);
      const error = isOwn ? blamed(thrown) : thrown;
      const { aborted, reason } = call.abort.signal;
      // Given up by whoever waited for it, and not for the time that it took.
      const isGivenUp = aborted && !(reason instanceof StoreError);
      if (!isGivenUp) this.#tell(error);
      throw error;
    }
  }

  #tell(error: unknown): void {
    const code = error instanceof OciError ? error.code : "";
    if (!BLAMELESS.includes(code)) this.#onError(error);
  }
}

/** The body of a large object, of whose failures the operator is told unless they are those of whoever gave it up. */
class ObjectBody extends HostBody {
  readonly #tell: (thrown: unknown) => void;
  #isOver = false;

  constructor(stream: ReadableStream<Uint8Array>, tell: (thrown: unknown) => void) {
    super(stream, { idleTimeout: TIME_LIMIT }, undefined);
    this.#tell = tell;
  }

  override async read(): Promise<Uint8Array | undefined> {
    try {
      return await super.read();
    } catch (thrown) {
      if (!this.#isOver) this.#tell(thrown);
      this.#isOver = true;
      throw thrown;
    }
  }

  override cancel(reason?: unknown): void {
    this.#isOver = true;
    super.cancel(reason);
  }
}

/** What broke off or fell silent, as the store's failure that it is. */
function blamed(thrown: unknown): unknown {
  if (!(thrown instanceof TransferError)) return thrown;
  return new StoreError("STORE_UNAVAILABLE", "the answer broke off", { cause: thrown });
}

/** What each method is given, and gives. */
const CALLS = {
  async head(store: ObjectStore, [key]: [string]): Promise<Known | undefined> {
    const info = await store.head(key);
    return info && known(info);
  },

  /** A small object that is read whole comes with its bytes, any other with a body. */
  async get(
    store: ObjectStore,
    ranged: Ranged,
    call: Call,
  ): Promise<[...Known, body: Uint8Array | HostBody] | undefined> {
    const found = await open(store, ranged, call);
    if (found === undefined) return undefined;
    const isSmall = ranged.length === 1 && found.info.size <= SMALL;
    const body = isSmall ? await whole(found) : new ObjectBody(found.body, call.tell);
    return [...known(found.info), body];
  },

  /** The condition is `true` for an object that must not be there, or the version that it must be of. */
  async put(
    store: ObjectStore,
    [key, content, size, condition, sha256]: [
      string,
      Uint8Array | HostBody,
      number | undefined,
      string | true | undefined,
      string | undefined,
    ],
    { abort }: Call,
  ): Promise<Known | undefined> {
    const isStream = content instanceof HostBody;
    const put = await store.put(key, isStream ? content.stream : content, {
      ...(size !== undefined && { size }),
      ...(condition === true && { ifAbsent: true }),
      ...(typeof condition === "string" && { ifVersion: condition }),
      ...(sha256 !== undefined && { sha256 }),
      // Bytes are on their way at once, and nobody is helped by giving them up.
      ...(isStream && { signal: abort.signal }),
    });
    return put && known(put);
  },

  async delete(store: ObjectStore, keys: string[]): Promise<void> {
    await store.delete(keys);
  },

  /** Whether there are more, and then three values for each object. */
  async list(
    store: ObjectStore,
    [prefix, limit, after]: [string, number, string | undefined],
  ): Promise<(boolean | string | number)[]> {
    const { objects, more } = await store.list(prefix, after === undefined ? { limit } : { limit, after });
    return [more, ...objects.flatMap(({ key, size, modified }) => [key, size, modified])];
  },

  async presign(store: ObjectStore, [key]: [string]): Promise<string | undefined> {
    return await store.presign?.(key);
  },

  /** Three values for each part; `undefined` if the first is not there. */
  async parts(store: ObjectStore, given: unknown[], call: Call): Promise<HostBody | undefined> {
    const parts: Ranged[] = [];
    for (let at = 0; at < given.length; at += 3) parts.push(given.slice(at, at + 3) as Ranged);
    const [first, ...others] = parts;
    const found = first && (await open(store, first, call));
    if (found === undefined) return undefined;
    return new PartsBody(
      found,
      async (part, abort) => {
        const opened = await open(store, part, { abort });
        if (opened === undefined) throw new StoreError("STORE_UNAVAILABLE", "a part of a blob is gone");
        return opened;
      },
      others,
    );
  },
};

function known(info: ObjectInfo): Known {
  return [info.size, info.version, info.modified];
}

/** An object, whose body is given up if nobody waits for it any more. */
async function open(
  store: ObjectStore,
  [key, start, end]: Ranged,
  { abort }: Pick<Call, "abort">,
): Promise<StoredObject | undefined> {
  const range = start === undefined || end === undefined ? {} : { range: { start, end } };
  const found = await store.get(key, range);
  if (abort.signal.aborted) {
    await found?.body.cancel().catch(() => {});
    throw abort.signal.reason;
  }
  return found;
}

async function whole({ info: { size }, body }: StoredObject): Promise<Uint8Array> {
  const backing = backingOf(body);
  const sized = new SizedBody(body, { size, idleTimeout: TIME_LIMIT }, "STORE_UNAVAILABLE");
  try {
    const bytes = await (backing ? readBacking(backing) : sized.take(size));
    if (bytes.byteLength !== size) throw new RangeError("the body is not of the object's size");
    return bytes;
  } catch (cause) {
    throw new StoreError("STORE_UNAVAILABLE", "an object could not be read", { cause });
  } finally {
    // Where there is a backing, that is closed, and nobody has touched the body.
    if (!backing) sized.cancel();
  }
}

function timeToPut([, content, size]: unknown[]): number {
  if (!(content instanceof HostBody)) return TIME_LIMIT;
  return size === undefined ? LONGEST : TIME_LIMIT + (size as number) / SLOWEST;
}

/** What is worked on, as long as it takes no longer than it may. */
async function within<T>(work: Promise<T>, { abort, limit }: Call): Promise<T> {
  const timer = setTimeout(() => {
    abort.abort(new StoreError("STORE_UNAVAILABLE", `the store took more than ${limit} ms`));
  }, limit);
  try {
    return await orAborted(work, abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A store in memory: for tests, and for what may be lost.
 *
 * @module pierhead/stores/memory
 */
import { StoreError } from "../errors.js";
import { checkKeys, checkList, checkPut, keyBytes, partOf, wrongHash } from "./arguments.js";
import { backed } from "./backing.js";
import { outgoing, SizedBody } from "./content.js";
import type { ObjectInfo, ObjectStore, PutOptions } from "./object-store.js";
import { SortedKeys } from "./sorted-keys.js";

export { StoreError, type StoreErrorCode } from "../errors.js";
export type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";

/** Options of {@link memory}. */
export interface MemoryOptions {
  /**
   * Bytes that all objects may have together, with what has come of those that are being put: what would exceed it is refused with
   * `STORE_UNAVAILABLE`. Without it, no limit.
   */
  readonly maxBytes?: number | undefined;
}

interface Entry {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly info: ObjectInfo;
}

/** Bytes of a piece of a body. */
const PIECE = 256 * 1024;

/** A new, empty store in this process's memory. */
export function memory({ maxBytes = Number.POSITIVE_INFINITY }: MemoryOptions = {}): ObjectStore {
  const entries = new Map<string, Entry>();
  const keys = new SortedKeys();
  /** Bytes of all objects, and those that have come of streams which are being put. */
  let [held, coming, versions] = [0, 0, 0];

  /** Throws unless there is room for so many bytes more, in the place of what an object has. */
  const ensureRoom = (key: string, bytes: number) => {
    if (held - (entries.get(key)?.bytes.byteLength ?? 0) + coming + bytes > maxBytes)
      throw new StoreError("STORE_UNAVAILABLE", `there would be more than ${maxBytes} bytes in the store`);
  };

  return {
    verifiesSha256: true,

    async head(key, options) {
      options?.signal?.throwIfAborted();
      keyBytes(key);
      return entries.get(key)?.info;
    },

    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      keyBytes(key);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const { bytes, info } = entry;
      const { start, end } = partOf(range, info.size);
      const part = bytes.subarray(start, end);
      return { info, body: backed(outgoing(copied(part), end - start, { signal }), { bytes: part }) };
    },

    async put(key, content, options = {}) {
      const { ifAbsent, ifVersion, sha256, signal } = options;
      checkPut(key, content, options);
      signal?.throwIfAborted();
      let came = 0;
      const incoming = new CountedBody(content, options, (bytes) => {
        ensureRoom(key, bytes);
        coming += bytes;
        came += bytes;
      });
      const holds = () => {
        const present = entries.get(key);
        return !(ifAbsent && present) && (ifVersion === undefined || present?.info.version === ifVersion);
      };
      if (!holds()) {
        incoming.cancel();
        return undefined;
      }
      try {
        // No bytes are taken for which there is no room.
        ensureRoom(key, incoming.size ?? 0);
        // One byte more, to come to the end. What grew is larger than what came.
        const bytes = (await incoming.take((incoming.size ?? Number.POSITIVE_INFINITY) + 1)).slice();
        if (sha256 !== undefined && (await hexDigest(bytes)) !== sha256) throw wrongHash();
        signal?.throwIfAborted();
        if (!holds()) return undefined;
        ensureRoom(key, bytes.byteLength - came);
        const before = entries.get(key);
        held += bytes.byteLength - (before?.bytes.byteLength ?? 0);
        versions += 1;
        const info = { size: bytes.byteLength, version: String(versions), modified: Date.now() };
        entries.set(key, { bytes, info });
        if (before === undefined) keys.add(key);
        return info;
      } finally {
        coming -= came;
        incoming.cancel();
      }
    },

    async delete(named, options) {
      options?.signal?.throwIfAborted();
      checkKeys(named);
      for (const key of named) {
        held -= entries.get(key)?.bytes.byteLength ?? 0;
        if (entries.delete(key)) keys.delete(key);
      }
    },

    async list(prefix, options = {}) {
      options.signal?.throwIfAborted();
      const limit = checkList(prefix, options);
      const found = keys.page(prefix, options.after, limit + 1);
      const objects = found.slice(0, limit).map((key) => {
        return { key, ...(entries.get(key) as Entry).info };
      });
      return { objects, more: found.length > limit };
    },
  };
}

/** What is put, piece by piece as far as `came` lets it come. */
class CountedBody extends SizedBody {
  readonly #came: (bytes: number) => void;

  constructor(content: Uint8Array | ReadableStream<Uint8Array>, options: PutOptions, came: (bytes: number) => void) {
    super(content, options);
    this.#came = came;
  }

  override async read(): Promise<Uint8Array | undefined> {
    const chunk = await super.read();
    this.#came(chunk?.byteLength ?? 0);
    return chunk;
  }
}

async function hexDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes in copies, since whoever gets them may write to them, or give them away. */
function copied(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at < bytes.byteLength) controller.enqueue(bytes.slice(at, at + PIECE));
        at += PIECE;
        if (at >= bytes.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

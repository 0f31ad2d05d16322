import { readAll } from "../../stream.js";
import type { GetOptions, ListedObject, ListOptions, ObjectInfo, ObjectStore, PutOptions } from "../object-store.js";
import { ok } from "./assert.js";

/** One thing that a store has to do. */
export interface Case {
  readonly name: string;
  readonly run: (trial: Trial) => Promise<void>;
}

/** The store on trial, and the keys that one case has for itself. */
export class Trial {
  readonly store: ObjectStore;
  /** Another instance of the same store. */
  readonly other: ObjectStore;
  readonly prefix: string;

  constructor(store: ObjectStore, other: ObjectStore) {
    this.store = store;
    this.other = other;
    this.prefix = `contract/${crypto.randomUUID()}/`;
  }

  key(name: string): string {
    return this.prefix + name;
  }

  /** Puts what must be taken. */
  async put(name: string, content: string | Uint8Array, options?: PutOptions): Promise<ObjectInfo> {
    const info = await this.store.put(this.key(name), bytesOf(content), options);
    ok(info !== undefined, `put of ${name} was refused`);
    return info;
  }

  /** What is there, as text. */
  async text(name: string, options?: GetOptions, store = this.store): Promise<string | undefined> {
    const found = await store.get(this.key(name), options);
    return found && new TextDecoder().decode(await readAll(found.body, 64 * 1024 * 1024));
  }

  /** All keys of the case, or those that begin so, without its prefix. */
  async names(prefix = "", limit?: number, store = this.store): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.listed(prefix, { limit }, store)) names.push(key.slice(this.prefix.length));
    return names;
  }

  /** A listing, page after page. */
  async *listed(prefix: string, { after, limit }: ListOptions = {}, store = this.store): AsyncGenerator<ListedObject> {
    for (let last = after; ; ) {
      const { objects, more } = await store.list(this.key(prefix), { after: last, limit });
      ok(objects.length <= (limit ?? 1000), `a page of ${objects.length} where ${limit} were asked for`);
      yield* objects;
      if (!more) return;
      last = objects.at(-1)?.key;
      ok(last !== undefined, "an empty page says that there are more");
    }
  }

  async clear(): Promise<void> {
    const keys: string[] = [];
    for await (const { key } of this.listed("")) keys.push(key);
    for (let at = 0; at < keys.length; at += 1000) await this.store.delete(keys.slice(at, at + 1000));
  }
}

export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** So many bytes, in which no part looks like another. */
export function noise(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed;
  for (let at = 0; at < words.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[at] = state ^ (state >>> 13);
  }
  return new Uint8Array(words.buffer).subarray(0, size);
}

/** A stream of these pieces, which then fails if there is an `error`. `ended` says whether it was read to its end, or given up. */
export function streamOfPieces(
  pieces: readonly Uint8Array[],
  error?: unknown,
): { stream: ReadableStream<Uint8Array>; ended: () => boolean } {
  let [at, ended] = [0, false];
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[at];
        at += 1;
        // A copy: a host may take what is handed to it away.
        ended = piece === undefined;
        if (piece !== undefined) controller.enqueue(piece.slice());
        else if (error !== undefined) controller.error(error);
        else controller.close();
      },
      cancel() {
        ended = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, ended: () => ended };
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

import type { FileHandle } from "../files/host.js";
import type { StoredObject } from "./object-store.js";

/**
 * What an object's body is read from, for a host that sends that by itself, with no web stream between: a part of a file, from `start` to before
 * `end`, or bytes that the store holds and never writes to. Whoever goes by it leaves the body alone, and closes the file.
 */
export type Backing =
  | { readonly handle: FileHandle; readonly start: number; readonly end: number }
  | { readonly bytes: Uint8Array };

/** Beside the objects rather than in them: whoever wraps a store and gives an object with another body gives one without a backing. */
const backings = new WeakMap<StoredObject, Backing>();

/** The object, read from what it is known to be read from. */
export function backed(object: StoredObject, backing: Backing): StoredObject {
  backings.set(object, backing);
  return object;
}

export function backingOf(object: StoredObject): Backing | undefined {
  return backings.get(object);
}

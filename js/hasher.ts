import type { RawHasher } from "../pkg/core/pierhead.js";
import { core } from "./core/core.js";
import { HandleOwner } from "./core/runtime.js";
import type { Algorithm } from "./digest.js";
import { toBytes } from "./document.js";

/** The digest of bytes, or of a text in UTF-8. Throws an `OciError` `UNSUPPORTED_ALGORITHM`. */
export function digest(data: Uint8Array | ArrayBuffer | string, algorithm: Algorithm = "sha256"): string {
  return core.call((glue) => glue.digest(algorithm, toBytes(data)));
}

/**
 * A hash in progress, by the portable engine: the same in every runtime, and the only one whose state can be saved. Dispose
 * of it (`using`, or `[Symbol.dispose]()`) to give its memory back at once.
 */
export class Hasher {
  readonly #hasher: HandleOwner<typeof import("../pkg/core/pierhead.js"), RawHasher>;

  /** @throws OciError `UNSUPPORTED_ALGORITHM` */
  constructor(algorithm: Algorithm = "sha256", state?: Uint8Array) {
    this.#hasher = new HandleOwner(core, (glue) =>
      state === undefined ? new glue.RawHasher(algorithm) : glue.RawHasher.restore(algorithm, state),
    );
  }

  /** Goes on from a saved state. Throws an `OciError` `INVALID_HASH_STATE`, or `UNSUPPORTED_ALGORITHM` for blake3. */
  static restore(algorithm: Algorithm, state: Uint8Array): Hasher {
    return new Hasher(algorithm, state);
  }

  /** Takes the next bytes. */
  update(chunk: Uint8Array): this {
    this.#hasher.use((raw) => raw.update(chunk));
    return this;
  }

  /** The digest of what has come so far; the hash can go on. */
  digest(): string {
    return this.#hasher.use((raw) => raw.digest());
  }

  /** The state, to go on from elsewhere. Throws an `OciError` `UNSUPPORTED_ALGORITHM` for blake3. */
  save(): Uint8Array {
    return this.#hasher.use((raw) => raw.save());
  }

  [Symbol.dispose](): void {
    this.#hasher.free();
  }
}

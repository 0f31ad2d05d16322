import type { RawHasher } from "../pkg/core/pierhead.js";
import { pieces, toBytes } from "./bytes.js";
import { core } from "./core/core.js";
import { HandleOwner } from "./core/runtime.js";
import { text } from "./core/text.js";
import type { Algorithm } from "./digest.js";
import { hostDigest } from "./engine/engine.js";

/** The digest of bytes, or of a text in UTF-8. Throws an `OciError` `UNSUPPORTED_ALGORITHM` or `INVALID_ARGUMENT`. */
export function digest(data: Uint8Array | ArrayBuffer | string, algorithm: Algorithm = "sha256"): string {
  const name = text("algorithm", algorithm);
  const bytes = toBytes(data);
  const encoded = hostDigest(algorithm, bytes);
  if (encoded !== undefined) return `${algorithm}:${encoded}`;
  const [first = new Uint8Array(), ...rest] = pieces(bytes);
  if (rest.length === 0) return core.call((glue) => glue.digest(name, first));
  const hasher = new Hasher(algorithm);
  try {
    for (const piece of [first, ...rest]) hasher.update(piece);
    return hasher.digest();
  } finally {
    hasher[Symbol.dispose]();
  }
}

/**
 * A hash in progress, by the portable engine: the same in every runtime, and the only one whose state can be saved. Dispose
 * of it (`using`, or `[Symbol.dispose]()`) to give its memory back at once.
 */
export class Hasher {
  readonly #hasher: HandleOwner<typeof import("../pkg/core/pierhead.js"), RawHasher>;

  /** @throws OciError `UNSUPPORTED_ALGORITHM` */
  constructor(algorithm: Algorithm = "sha256", state?: Uint8Array) {
    const name = text("algorithm", algorithm);
    const saved = state === undefined ? undefined : toBytes(state);
    this.#hasher = new HandleOwner(core, (glue) =>
      saved === undefined ? new glue.RawHasher(name) : glue.RawHasher.restore(name, saved),
    );
  }

  /** Goes on from a saved state. Throws an `OciError` `INVALID_HASH_STATE`, or `UNSUPPORTED_ALGORITHM` for blake3. */
  static restore(algorithm: Algorithm, state: Uint8Array): Hasher {
    return new Hasher(algorithm, state);
  }

  /** Takes the next bytes. */
  update(chunk: Uint8Array): this {
    for (const piece of pieces(toBytes(chunk))) this.#hasher.use((raw) => raw.update(piece));
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

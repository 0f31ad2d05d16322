import type { Algorithm } from "../digest.js";
import { InternalError } from "../errors.js";

/** A hash in WebAssembly. Its memory is not the garbage collector's: whoever made it frees it. */
export interface RawHasher {
  update(chunk: Uint8Array): void;
  /** The encoded part, in hexadecimal. */
  digest(): string;
  free(): void;
}

let factory: ((algorithm: Algorithm) => RawHasher) | undefined;

/** Says how a hash in WebAssembly is made: an entry point calls this once, when it has loaded its module. */
export function setPortable(make: (algorithm: Algorithm) => RawHasher): void {
  factory = make;
}

/** A hash that runs on every host and does every algorithm. */
export function portable(algorithm: Algorithm): RawHasher {
  if (factory === undefined) {
    throw new InternalError("the WebAssembly module is not loaded: import an entry point of the package first");
  }
  return factory(algorithm);
}

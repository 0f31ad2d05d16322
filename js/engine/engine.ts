import type { Algorithm } from "../digest.js";
import { InternalError } from "../errors.js";
import { digestStreamEngine } from "./digest-stream.js";
import { nodeCryptoDigest, nodeCryptoEngine } from "./node-crypto.js";
import { portable } from "./portable.js";

/** A running hash. A promise that `update` returns is awaited before the next call, and before the chunk leaves our hands. */
export interface HashEngine {
  update(chunk: Uint8Array): void | Promise<void>;
  /** The encoded part of the digest, in lower-case hexadecimal. Ends the hash. */
  digest(): string | Promise<string>;
  /** Gives back what the hash holds, whether or not it was finished. May be called again. */
  dispose(): void;
}

/** The fastest engine this host has for the algorithm. */
export function hashEngine(algorithm: Algorithm): HashEngine {
  // No host has BLAKE3. Of the two in workerd, node:crypto measures 1.15× DigestStream, where the
  // `nodejs_compat` flag makes it available.
  if (algorithm !== "blake3") {
    const host = nodeCryptoEngine(algorithm) ?? digestStreamEngine(algorithm);
    if (host !== undefined) {
      return host;
    }
  }
  return portableEngine(algorithm);
}

/** Bytes from which on the host's digest is worth its while: to load `node:crypto` takes three milliseconds, once. */
const HOST_LEAST = 4096;

/** The encoded part of the digest of bytes, from a host that computes it at once and faster than WebAssembly; else undefined. */
export function hostDigest(algorithm: Algorithm, bytes: Uint8Array): string | undefined {
  // Asked for what is known, not for what is not: the host has algorithms that no digest may name.
  if ((algorithm !== "sha256" && algorithm !== "sha512") || bytes.byteLength < HOST_LEAST) return undefined;
  return nodeCryptoDigest(algorithm, bytes);
}

/** The engine in WebAssembly. */
export function portableEngine(algorithm: Algorithm): HashEngine {
  const hasher = portable(algorithm);
  let live = true;
  return {
    // A reader may cancel between a chunk's arrival and its hashing; freed memory must not be touched then.
    update(chunk) {
      if (live) {
        hasher.update(chunk);
      }
    },
    digest() {
      if (!live) {
        throw new InternalError("the hash was disposed of before its digest was taken");
      }
      return hasher.digest();
    },
    dispose() {
      if (live) {
        live = false;
        hasher.free();
      }
    },
  };
}

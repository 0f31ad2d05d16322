import type { HashEngine } from "./engine.js";

interface NodeCrypto {
  createHash(algorithm: string): NodeHash;
  /** Of Node 20.12, Bun and Deno. */
  hash?(algorithm: string, data: Uint8Array, encoding: "hex"): string;
}

interface NodeHash {
  update(chunk: Uint8Array): NodeHash;
  digest(encoding: "hex"): string;
}

interface Host {
  process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined };
}

/** Asked for at run time, because a bundler for browsers breaks on an import of it. */
function nodeCrypto(): NodeCrypto | undefined {
  const crypto = (globalThis as Host).process?.getBuiltinModule?.("node:crypto");
  return typeof crypto?.createHash === "function" ? crypto : undefined;
}

/** The engine of `node:crypto` (Node, Deno, Bun, and workerd with `nodejs_compat`), or undefined where there is none. */
export function nodeCryptoEngine(algorithm: "sha256" | "sha512"): HashEngine | undefined {
  const hash = nodeCrypto()?.createHash(algorithm);
  return (
    hash && {
      update(chunk) {
        hash.update(chunk);
      },
      digest: () => hash.digest("hex"),
      dispose() {},
    }
  );
}

/** The encoded part of the digest of bytes, by `node:crypto`; undefined where there is none. */
export function nodeCryptoDigest(algorithm: "sha256" | "sha512", bytes: Uint8Array): string | undefined {
  const crypto = nodeCrypto();
  return crypto?.hash?.(algorithm, bytes, "hex") ?? crypto?.createHash(algorithm).update(bytes).digest("hex");
}

import type { HashEngine } from "./engine.js";

interface NodeCrypto {
  createHash(algorithm: string): NodeHash;
}

interface NodeHash {
  update(chunk: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

interface Host {
  process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined };
}

/**
 * The engine of `node:crypto` (Node, Deno, Bun, and workerd with `nodejs_compat`), or undefined where there is none.
 * It is asked for at run time, because a bundler for browsers breaks on an import of it.
 */
export function nodeCryptoEngine(algorithm: "sha256" | "sha512"): HashEngine | undefined {
  const crypto = (globalThis as Host).process?.getBuiltinModule?.("node:crypto");
  const hash = crypto?.createHash?.(algorithm);
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

import type { HashEngine } from "./engine.js";

interface DigestStream extends WritableStream<Uint8Array> {
  readonly digest: Promise<ArrayBuffer>;
}

interface Host {
  crypto?: { DigestStream?: new (algorithm: string) => DigestStream };
}

const NAMES = { sha256: "SHA-256", sha512: "SHA-512" } as const;

/**
 * The engine of workerd's `crypto.DigestStream`, or undefined on other hosts.
 * https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
 */
export function digestStreamEngine(algorithm: "sha256" | "sha512"): HashEngine | undefined {
  const { DigestStream } = (globalThis as Host).crypto ?? {};
  if (DigestStream === undefined) {
    return undefined;
  }
  const stream = new DigestStream(NAMES[algorithm]);
  const writer = stream.getWriter();
  // Both reject when the hash is given up, and nobody may be waiting.
  stream.digest.catch(() => {});
  writer.closed.catch(() => {});
  let live = true;
  return {
    update: (chunk) => writer.write(chunk),
    async digest() {
      live = false;
      await writer.close();
      return hex(new Uint8Array(await stream.digest));
    },
    dispose() {
      if (live) {
        live = false;
        writer.abort().catch(() => {});
      }
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

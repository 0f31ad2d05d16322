import { createHash } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type HashEngine, hashEngine, hostDigest, portableEngine } from "../../js/engine/engine.ts";
import { fixedLength } from "../../js/engine/fixed-length.ts";
import { patterned, scripted } from "../runtimes/cases/sources.ts";
import { portableUse, useOtherPortable } from "./portable.ts";

const BODY = patterned(10_000);

beforeAll(useOtherPortable);
afterEach(() => {
  vi.unstubAllGlobals();
});

async function hashInTwo(engine: HashEngine): Promise<string> {
  await engine.update(BODY.subarray(0, 1234));
  await engine.update(BODY.subarray(1234));
  const digest = await engine.digest();
  engine.dispose();
  return digest;
}

describe("the engine that is picked", () => {
  const expected = (algorithm: string) => createHash(algorithm).update(BODY).digest("hex");

  test.each(["sha256", "sha512"] as const)("is node:crypto for %s in Node", async (algorithm) => {
    const before = portableUse.made;
    expect(await hashInTwo(hashEngine(algorithm))).toBe(expected(algorithm));
    expect(portableUse.made).toBe(before);
  });

  test.each(["sha256", "sha512", "blake3"] as const)("is WebAssembly for %s without a host's", async (algorithm) => {
    vi.stubGlobal("process", {});
    const before = portableUse.made;
    const digest = await hashInTwo(hashEngine(algorithm));
    expect(portableUse.made).toBe(before + 1);
    expect(digest).toMatch(/^[a-f0-9]+$/);
    vi.unstubAllGlobals();
    expect(digest).toBe(await hashInTwo(algorithm === "blake3" ? portableEngine(algorithm) : hashEngine(algorithm)));
  });

  test.each(["sha256", "sha512"] as const)("gives the digest of bytes at once by node:crypto, for %s", (algorithm) => {
    expect(hostDigest(algorithm, BODY)).toBe(expected(algorithm));
    const { createHash } = process.getBuiltinModule("node:crypto");
    vi.stubGlobal("process", { getBuiltinModule: () => ({ createHash }) });
    expect(hostDigest(algorithm, BODY), "where it has no hash()").toBe(expected(algorithm));
    vi.stubGlobal("process", {});
    expect(hostDigest(algorithm, BODY)).toBeUndefined();
  });

  test("gives no digest at once by BLAKE3, which no host has, nor of few bytes", () => {
    expect(hostDigest("blake3", BODY)).toBeUndefined();
    expect(hostDigest("md5" as "sha256", BODY)).toBeUndefined();
    expect(hostDigest("sha256", BODY.subarray(0, 4095))).toBeUndefined();
    expect(hostDigest("sha256", BODY.subarray(0, 4096))).toMatch(/^[a-f0-9]{64}$/);
  });

  describe("is DigestStream where there is one and no node:crypto", () => {
    let aborted: unknown[] = [];

    beforeEach(() => {
      aborted = [];
      vi.stubGlobal("process", {});
      vi.stubGlobal("crypto", { DigestStream: fakeDigestStream(aborted) });
    });

    test.each(["sha256", "sha512"] as const)("and gives the same digest for %s", async (algorithm) => {
      expect(await hashInTwo(hashEngine(algorithm))).toBe(expected(algorithm));
      expect(aborted).toEqual([]);
    });

    test("and gives up what it holds, quietly and once", async () => {
      const engine = hashEngine("sha256");
      await engine.update(BODY);
      engine.dispose();
      engine.dispose();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(aborted).toHaveLength(1);
    });
  });
});

test("a hash in WebAssembly is not touched once it is disposed of", () => {
  const engine = portableEngine("sha256");
  const before = portableUse.freed;
  engine.dispose();
  engine.dispose();
  expect(portableUse.freed).toBe(before + 1);
  engine.update(BODY);
  expect(() => engine.digest()).toThrow(expect.objectContaining({ code: "INTERNAL" }));
});

test("without a loaded module the portable engine says so", async () => {
  vi.resetModules();
  const { portable } = await import("../../js/engine/portable.ts");
  expect(() => portable("blake3")).toThrow(expect.objectContaining({ code: "INTERNAL" }));
});

describe("fixedLength", () => {
  test("gives the stream back where the host has no FixedLengthStream", () => {
    const { source } = scripted([]);
    expect(fixedLength(source, 0)).toBe(source);
  });

  test("passes bytes and failure through the host's", async () => {
    const sizes: number[] = [];
    vi.stubGlobal(
      "FixedLengthStream",
      class extends TransformStream {
        constructor(size: number) {
          super();
          sizes.push(size);
        }
      },
    );
    const failure = new Error("cut");
    const reader = fixedLength(scripted([BODY, failure]).source, 20_000).getReader();
    expect((await reader.read()).value).toBe(BODY);
    await expect(reader.read()).rejects.toBe(failure);
    expect(sizes).toEqual([20_000]);
  });
});

/** As workerd's: a writable stream with the digest as a promise, which rejects when the stream is aborted. */
function fakeDigestStream(aborted: unknown[]) {
  return class extends WritableStream<Uint8Array> {
    readonly digest: Promise<ArrayBuffer>;

    constructor(name: string) {
      const hash = createHash(name.replace("-", ""));
      let settle: { resolve: (digest: ArrayBuffer) => void; reject: (reason: Error) => void };
      const digest = new Promise<ArrayBuffer>((resolve, reject) => {
        settle = { resolve, reject };
      });
      super({
        write: (chunk) => void hash.update(chunk),
        close: () => settle.resolve(new Uint8Array(hash.digest()).buffer),
        abort: (reason) => {
          aborted.push(reason);
          settle.reject(new Error("aborted"));
        },
      });
      this.digest = digest;
    }
  };
}

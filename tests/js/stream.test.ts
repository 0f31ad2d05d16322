import { beforeAll, describe, expect, test } from "vitest";
import * as errors from "../../js/errors.ts";
import * as stream from "../../js/stream.ts";
import { bytes, collect, patterned, scripted } from "../runtimes/cases/sources.ts";
import { cases } from "../runtimes/cases/streams.ts";
import { portableUse, useOtherPortable } from "./portable.ts";

beforeAll(useOtherPortable);

const ABC_BLAKE3 = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

describe("the cases that every runtime runs", () => {
  for (const { name, run } of cases) {
    test(name, () => run({ pierhead: { ...stream, ...errors } }));
  }
});

describe("the memory of a hash in WebAssembly is freed once", () => {
  const outcomes: [string, () => Promise<unknown>][] = [
    ["when the body is good", () => collect(verified([bytes("abc")]))],
    ["when the body is bad", () => expect(collect(verified([bytes("abd")]))).rejects.toThrow()],
    ["when the source fails", () => expect(collect(verified([new Error("cut")]))).rejects.toThrow()],
    ["when the reader cancels", () => verified(["never"]).cancel()],
    ["when the reader cancels a read that waits", () => cancelWhileReading(verified(["never"]))],
    ["when the signal fires", () => abort((signal) => verified(["never"], { signal }))],
    ["when the signal had fired before", async () => verified([], { signal: AbortSignal.abort() })],
    ["when a digest is taken", () => stream.digestStream(scripted([]).source, { algorithm: "blake3" })],
    ["when a digest is not reached", () => expect(failedDigest()).rejects.toThrow()],
    ["when the source cannot be read", async () => expect(lockedSource).toThrow("not a readable stream")],
  ];
  for (const [name, run] of outcomes) {
    test(name, async () => {
      const before = { ...portableUse };
      await run();
      expect(portableUse.made - before.made).toBe(1);
      expect(portableUse.freed - before.freed).toBe(1);
    });
  }

  function verified(steps: Parameters<typeof scripted>[0], options?: stream.VerifyOptions) {
    return stream.verifyStream(scripted(steps).source, { digest: ABC_BLAKE3 }, options);
  }

  async function cancelWhileReading(body: ReadableStream<Uint8Array>) {
    const reader = body.getReader();
    const pending = reader.read();
    await reader.cancel();
    expect((await pending).done).toBe(true);
  }

  async function abort(body: (signal: AbortSignal) => ReadableStream<Uint8Array>) {
    const controller = new AbortController();
    const reader = body(controller.signal).getReader();
    controller.abort();
    await expect(reader.read()).rejects.toThrow("aborted");
  }

  function failedDigest() {
    return stream.digestStream(scripted([new Error("cut")]).source, { algorithm: "blake3" });
  }

  function lockedSource() {
    const { source } = scripted([]);
    source.getReader();
    return stream.verifyStream(source, { digest: ABC_BLAKE3 });
  }
});

test("digestStream refuses an algorithm it cannot compute", async () => {
  const algorithm = "md5" as "sha256";
  await expect(stream.digestStream(scripted([]).source, { algorithm })).rejects.toMatchObject({
    code: "UNSUPPORTED_ALGORITHM",
  });
});

test("an idle timeout out of range is refused", () => {
  for (const idleTimeout of [0, -1, Number.NaN, 2 ** 31]) {
    expect(() => stream.verifyStream(scripted([]).source, { digest: ABC_BLAKE3 }, { idleTimeout })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  }
});

test("a source of empty chunks alone times out all the same", async () => {
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(0)),
  });
  await expect(stream.digestStream(source, { idleTimeout: 20 })).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("the listener on a signal is gone once the stream has ended", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  signal.addEventListener = () => {
    listeners += 1;
  };
  signal.removeEventListener = () => {
    listeners -= 1;
  };
  await stream.digestStream(scripted([bytes("abc")]).source, { signal });
  expect(listeners).toBe(0);
});

describe("readAll", () => {
  test("returns the whole", async () => {
    const body = patterned(100_000);
    for (const limit of [100_000, 1_000_000]) {
      const steps = [body.subarray(0, 1), body.subarray(1, 50_000), body.subarray(50_000)];
      expect(await stream.readAll(scripted(steps).source, limit)).toEqual(body);
    }
    expect(await stream.readAll(scripted([]).source, 0)).toEqual(new Uint8Array(0));
  });

  test("fails with TOO_LARGE at the first byte past the limit, and cancels the source", async () => {
    const { source, trace } = scripted([bytes("ab"), bytes("c"), "never"]);
    await expect(stream.readAll(source, 2)).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(trace.cancelled).toBe(true);
  });

  test("honours signal and timeout", async () => {
    const silent = () => scripted(["never"]).source;
    await expect(stream.readAll(silent(), 9, { idleTimeout: 20 })).rejects.toMatchObject({ code: "TIMEOUT" });
    const signal = AbortSignal.abort("gone");
    await expect(stream.readAll(silent(), 9, { signal })).rejects.toBe("gone");
  });
});

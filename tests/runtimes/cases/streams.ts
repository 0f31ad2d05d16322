import type * as errors from "../../../js/errors.ts";
import type * as stream from "../../../js/stream.ts";
import { equal, ok, rejects, sameBytes, throws } from "../assert.ts";
import { bytes, collect, patterned, type Step, scripted, type Trace } from "./sources.ts";

type Pierhead = Pick<typeof stream, "digestStream" | "verifyStream"> &
  Pick<typeof errors, "DigestMismatchError" | "OciError" | "TransferError">;

/** What a runtime hands to each case. */
export interface Context {
  /** The namespace of the package's `.` entry, as that runtime loads it. */
  pierhead: Pierhead;
}

interface Case {
  name: string;
  run(context: Context): Promise<void>;
}

// The digests are written down, so that no case computes its own expectation with what it tests.
const ABC = {
  body: bytes("abc"),
  sha256: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha512:
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  blake3: "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
};
const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
// Byte i is (i × 31 + 7) mod 256.
const LARGE = {
  body: patterned(300_000),
  sha256: "sha256:1bb182f649a789fda17412a4839e9d5dd50b4068089bc334655f78e6db797370",
};
const WRONG = `sha256:${"0".repeat(64)}`;

/** Reads until the end or the failure. */
async function outcome(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<{ received: number; error: unknown }> {
  let received = 0;
  for (;;) {
    try {
      const { done, value } = await reader.read();
      if (done) {
        return { received, error: undefined };
      }
      received += value.byteLength;
    } catch (error) {
      return { received, error };
    }
  }
}

/** Verifies a scripted body that must fail, and returns the code and how much was let through. */
async function failure(
  { pierhead }: Context,
  steps: Step[],
  expected: stream.Expected,
  options?: stream.VerifyOptions,
): Promise<{ error: errors.OciError; received: number; trace: Trace }> {
  const { source, trace } = scripted(steps);
  const { received, error } = await outcome(pierhead.verifyStream(source, expected, options).getReader());
  ok(error instanceof pierhead.OciError, `an error of the package, not ${String(error)}`);
  return { error, received, trace };
}

/** Every way to cut `length` bytes into chunks of at least one byte. */
function* chunkings(length: number): Generator<number[]> {
  for (let cuts = 0; cuts < 2 ** (length - 1); cuts++) {
    const sizes = [1];
    for (let at = 0; at < length - 1; at++) {
      if (cuts & (1 << at)) {
        sizes.push(1);
      } else {
        sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1;
      }
    }
    yield sizes;
  }
}

function cut(body: Uint8Array, sizes: number[]): Uint8Array[] {
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return body.subarray(offset - size, offset);
  });
}

const good: Case[] = [
  {
    name: "a good body passes unchanged, whether or not its size is known",
    async run({ pierhead }) {
      for (const size of [LARGE.body.byteLength, undefined]) {
        const { source } = scripted(cut(LARGE.body, [1, 65_536, 100_000, 134_463]));
        const verified = pierhead.verifyStream(source, { digest: LARGE.sha256, size });
        sameBytes(await collect(verified), LARGE.body);
      }
    },
  },
  {
    name: "every chunking of a small body gives the same bytes and the same digest",
    async run({ pierhead }) {
      const body = bytes("abcdefgh");
      const digest = "sha256:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab";
      for (const sizes of chunkings(body.byteLength)) {
        for (const size of [body.byteLength, undefined]) {
          const verified = pierhead.verifyStream(scripted(cut(body, sizes)).source, { digest, size });
          sameBytes(await collect(verified), body, `chunks of ${sizes}`);
        }
        const result = await pierhead.digestStream(scripted(cut(body, sizes)).source);
        equal(result.digest, digest, `digest of chunks of ${sizes}`);
        equal(result.size, body.byteLength, "size");
      }
    },
  },
  {
    name: "chunks of no bytes are neither an end nor emitted",
    async run({ pierhead }) {
      const none = new Uint8Array(0);
      const { source } = scripted([none, bytes("a"), none, none, bytes("bc"), none]);
      const reader = pierhead.verifyStream(source, { digest: ABC.sha256, size: 3 }).getReader();
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        ok(read.value.byteLength > 0, "no empty chunk is emitted");
      }
    },
  },
  {
    name: "an empty blob is good if its digest is that of nothing",
    async run(context) {
      for (const size of [0, undefined]) {
        const verified = context.pierhead.verifyStream(scripted([]).source, { digest: EMPTY, size });
        equal((await collect(verified)).byteLength, 0);
        const { error } = await failure(context, [], { digest: ABC.sha256, size });
        equal(error.code, "DIGEST_MISMATCH");
      }
      const nothing = await context.pierhead.digestStream(scripted([]).source);
      equal(nothing.digest, EMPTY);
      equal(nothing.size, 0);
    },
  },
  {
    name: "sha512 and blake3 are verified as sha256 is",
    async run(context) {
      for (const algorithm of ["sha256", "sha512", "blake3"] as const) {
        const { pierhead } = context;
        const source = () => scripted(cut(ABC.body, [2, 1])).source;
        const digest = ABC[algorithm];
        equal((await pierhead.digestStream(source(), { algorithm })).digest, digest);
        sameBytes(await collect(pierhead.verifyStream(source(), { digest, size: 3 })), ABC.body);
        const { error } = await failure(context, [bytes("abd")], { digest, size: 3 });
        ok(error instanceof pierhead.DigestMismatchError, "a DigestMismatchError");
        equal(error.expected, digest);
        ok(error.actual.startsWith(`${algorithm}:`) && error.actual !== digest, "the actual digest");
      }
    },
  },
  {
    name: "a stream of bytes that is read with a buffer of its own is verified too",
    async run({ pierhead }) {
      // A Response's body is a byte stream made by the host.
      const body = new Response(LARGE.body).body;
      ok(body !== null, "a body");
      const expected = { digest: LARGE.sha256, size: LARGE.body.byteLength };
      sameBytes(await collect(pierhead.verifyStream(body, expected)), LARGE.body);
    },
  },
];

const bad: Case[] = [
  {
    name: "too many bytes are SIZE_MISMATCH at once, and the last good byte is withheld",
    async run(context) {
      const steps = [bytes("ab"), bytes("cd"), "never" as const];
      const { error, received, trace } = await failure(context, steps, { digest: ABC.sha256, size: 3 });
      ok(error instanceof context.pierhead.TransferError, "a TransferError");
      equal(error.code, "SIZE_MISMATCH");
      equal(error.expected, 3);
      equal(error.actual, 4);
      equal(received, 2);
      ok(trace.cancelled, "the source is cancelled");
      const exact = await failure(context, [ABC.body, bytes("d")], { digest: ABC.sha256, size: 3 });
      equal(exact.error.code, "SIZE_MISMATCH");
      equal(exact.received, 0);
    },
  },
  {
    name: "a body that ends in good order but short is BODY_TRUNCATED",
    async run(context) {
      const { error, received } = await failure(context, [bytes("ab")], { digest: ABC.sha256, size: 3 });
      ok(error instanceof context.pierhead.TransferError, "a TransferError");
      equal(error.code, "BODY_TRUNCATED");
      equal(error.expected, 3);
      equal(error.actual, 2);
      ok(received < 3, "the last byte is withheld");
    },
  },
  {
    name: "a source that fails is CONNECTION_LOST with its error as the cause",
    async run(context) {
      const cause = new TypeError("network connection lost");
      const { error } = await failure(context, [bytes("ab"), cause], { digest: ABC.sha256, size: 3 });
      ok(error instanceof context.pierhead.TransferError, "a TransferError");
      equal(error.code, "CONNECTION_LOST");
      equal(error.cause, cause);
    },
  },
  {
    name: "a source that fails after its last byte is not a good body",
    async run(context) {
      const steps = [ABC.body, new TypeError("network connection lost")];
      for (const size of [3, undefined]) {
        const { error, received } = await failure(context, steps, { digest: ABC.sha256, size });
        equal(error.code, "CONNECTION_LOST");
        equal(received, 0);
      }
    },
  },
  {
    name: "a source's own typed error passes as it is",
    async run(context) {
      const own = new context.pierhead.OciError("CONTENT_ENCODED", "decoded on the way");
      const { error } = await failure(context, [bytes("ab"), own], { digest: ABC.sha256, size: 3 });
      equal(error, own);
    },
  },
  {
    name: "a wrong digest is DIGEST_MISMATCH, and the last byte is withheld",
    async run(context) {
      for (const size of [3, undefined]) {
        for (const sizes of chunkings(3)) {
          const { error, received } = await failure(context, cut(ABC.body, sizes), { digest: WRONG, size });
          ok(error instanceof context.pierhead.DigestMismatchError, "a DigestMismatchError");
          equal(error.code, "DIGEST_MISMATCH");
          equal(error.expected, WRONG);
          equal(error.actual, ABC.sha256);
          ok(received < 3, `the last byte is withheld from chunks of ${sizes}`);
        }
      }
    },
  },
  {
    name: "other bytes that the host has decoded are CONTENT_ENCODED",
    async run(context) {
      const expected = { digest: WRONG, size: 3 };
      const { error, received } = await failure(context, [ABC.body], expected, { contentEncoded: true });
      ok(error instanceof context.pierhead.TransferError, "a TransferError");
      equal(error.code, "CONTENT_ENCODED");
      equal(received, 0);
    },
  },
  {
    name: "one wrong bit in a large body fails",
    async run(context) {
      const body = LARGE.body.slice();
      body.set([(body[150_000] ?? 0) ^ 1], 150_000);
      const expected = { digest: LARGE.sha256, size: body.byteLength };
      const { error, received } = await failure(context, cut(body, [100_000, 100_000, 100_000]), expected);
      equal(error.code, "DIGEST_MISMATCH");
      equal(received, 200_000);
    },
  },
  {
    name: "a digest that is malformed or cannot be computed is refused at once, and the source left alone",
    async run({ pierhead }) {
      const { source, trace } = scripted([ABC.body]);
      const attempts: [string, string][] = [
        ["", "INVALID_DIGEST"],
        ["sha256", "INVALID_DIGEST"],
        [`sha256:${"A".repeat(64)}`, "INVALID_DIGEST"],
        [`sha256:${"a".repeat(63)}`, "INVALID_DIGEST"],
        [`${ABC.sha256}\n`, "INVALID_DIGEST"],
        [`SHA256:${"a".repeat(64)}`, "INVALID_DIGEST"],
        [`md5:${"a".repeat(32)}`, "UNSUPPORTED_ALGORITHM"],
        [`constructor:${"a".repeat(64)}`, "UNSUPPORTED_ALGORITHM"],
      ];
      for (const [digest, code] of attempts) {
        const error = throws(() => pierhead.verifyStream(source, { digest }), digest);
        ok(error instanceof pierhead.OciError, "an OciError");
        equal(error.code, code, JSON.stringify(digest));
      }
      for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) {
        const error = throws(() => pierhead.verifyStream(source, { digest: ABC.sha256, size }));
        ok(error instanceof pierhead.OciError && error.code === "INVALID_ARGUMENT", `a size of ${size}`);
      }
      equal(trace.pulls, 0);
      ok(!source.locked, "the source is still the caller's");
    },
  },
  {
    name: "a stream of something else than bytes is refused",
    async run(context) {
      const text = "abc" as unknown as Uint8Array;
      const { error, trace } = await failure(context, [text], { digest: ABC.sha256 });
      equal(error.code, "INVALID_ARGUMENT");
      ok(trace.cancelled, "the source is cancelled");
    },
  },
];

const ranges: Case[] = [
  {
    name: "a range emits its slice and no more, from every chunking",
    async run({ pierhead }) {
      const body = bytes("abcdef");
      const digest = "sha256:bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";
      for (const sizes of chunkings(body.byteLength)) {
        for (let start = 0; start < body.byteLength; start++) {
          for (let end = start; end < body.byteLength + 2; end++) {
            for (const size of [body.byteLength, undefined]) {
              const { source } = scripted(cut(body, sizes));
              const slice = await collect(pierhead.verifyStream(source, { digest, size }, { range: { start, end } }));
              sameBytes(slice, body.subarray(start, end + 1), `${start}-${end} of chunks of ${sizes}`);
            }
          }
        }
      }
    },
  },
  {
    name: "a slice's last byte is withheld until the whole is verified",
    async run(context) {
      const range = { start: 1, end: 2 };
      for (const size of [6, undefined]) {
        for (const sizes of chunkings(6)) {
          const steps = cut(bytes("abcdef"), sizes);
          const { error, received } = await failure(context, steps, { digest: WRONG, size }, { range });
          equal(error.code, "DIGEST_MISMATCH");
          ok(received < 2, `the last byte is withheld from chunks of ${sizes}`);
        }
      }
    },
  },
  {
    name: "a range that is none, or starts past the end, is INVALID_ARGUMENT",
    async run(context) {
      const { pierhead } = context;
      for (const [start, end] of [
        [2, 1],
        [-1, 1],
        [0.5, 1],
        [3, 3],
      ] as const) {
        const { source } = scripted([ABC.body]);
        const call = () => pierhead.verifyStream(source, { digest: ABC.sha256, size: 3 }, { range: { start, end } });
        const error = throws(call, `${start}-${end}`);
        ok(error instanceof pierhead.OciError && error.code === "INVALID_ARGUMENT", `${start}-${end}`);
      }
      const range = { start: 3, end: 3 };
      const { error } = await failure(context, [ABC.body], { digest: ABC.sha256 }, { range });
      equal(error.code, "INVALID_ARGUMENT");
    },
  },
];

const control: Case[] = [
  {
    name: "nothing is read before it is asked for, and at most two chunks ahead",
    async run({ pierhead }) {
      for (const size of [LARGE.body.byteLength, undefined]) {
        const { source, trace } = scripted(cut(LARGE.body, Array(30).fill(10_000)));
        const reader = pierhead.verifyStream(source, { digest: LARGE.sha256, size }).getReader();
        await new Promise((resolve) => setTimeout(resolve, 20));
        equal(trace.pulls, 0, "pulls before the first read");
        let received = 0;
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          received += read.value.byteLength;
          await new Promise((resolve) => setTimeout(resolve, 1));
          ok(trace.delivered - received / 10_000 <= 2, `${trace.delivered} chunks at ${received} bytes`);
        }
        equal(received, LARGE.body.byteLength);
      }
    },
  },
  {
    name: "cancelling the verified stream cancels the source with the reason",
    async run({ pierhead }) {
      const { source, trace } = scripted([bytes("a"), bytes("b"), "never"]);
      const reader = pierhead.verifyStream(source, { digest: ABC.sha256, size: 3 }).getReader();
      await reader.read();
      await reader.cancel("enough");
      ok(trace.cancelled, "the source is cancelled");
      equal(trace.reason, "enough");
    },
  },
  {
    name: "a source that falls silent is TIMEOUT, and is cancelled",
    async run(context) {
      const steps = [bytes("ab"), "never" as const];
      const { error, trace } = await failure(context, steps, { digest: ABC.sha256, size: 3 }, { idleTimeout: 30 });
      ok(error instanceof context.pierhead.TransferError, "a TransferError");
      equal(error.code, "TIMEOUT");
      ok(trace.cancelled, "the source is cancelled");
      const digesting = context.pierhead.digestStream(scripted(["never"]).source, { idleTimeout: 30 });
      const rejected = await rejects(digesting, "digestStream");
      ok(rejected instanceof context.pierhead.TransferError && rejected.code === "TIMEOUT", "TIMEOUT");
    },
  },
  {
    name: "a source that is slow, but never silent for so long, is no timeout, nor is a slow reader",
    async run({ pierhead }) {
      const steps: Step[] = [bytes("a"), 60, bytes("b"), 60, bytes("c")];
      const expected = { digest: ABC.sha256, size: 3 };
      const slow = pierhead.verifyStream(scripted(steps).source, expected, { idleTimeout: 100 });
      sameBytes(await collect(slow), ABC.body);
      const source = scripted(cut(ABC.body, [1, 1, 1])).source;
      const reader = pierhead.verifyStream(source, expected, { idleTimeout: 40 }).getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, 120));
      equal((await outcome(reader)).error, undefined, "the failure");
    },
  },
  {
    name: "an abort is the signal's own reason, before, between and during reads",
    async run({ pierhead }) {
      const reason = { gone: true };
      const expected = { digest: ABC.sha256, size: 3 };

      const before = scripted([ABC.body]);
      const early = pierhead.verifyStream(before.source, expected, { signal: AbortSignal.abort(reason) });
      equal(await rejects(early.getReader().read(), "before"), reason);
      ok(before.trace.cancelled, "the source is cancelled before");

      for (const during of [true, false]) {
        const controller = new AbortController();
        const { source, trace } = scripted([bytes("a"), "never"]);
        const reader = pierhead.verifyStream(source, expected, { signal: controller.signal }).getReader();
        await reader.read();
        const pending = during ? reader.read() : undefined;
        controller.abort(reason);
        equal(await rejects(pending ?? reader.read(), "read"), reason);
        ok(trace.cancelled, "the source is cancelled");
        equal(trace.reason, reason);
      }

      const controller = new AbortController();
      const digesting = pierhead.digestStream(scripted([bytes("a"), "never"]).source, {
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(reason), 10);
      equal(await rejects(digesting, "digestStream"), reason);
    },
  },
];

export const cases: Case[] = [...good, ...bad, ...ranges, ...control];

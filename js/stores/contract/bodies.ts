/** Bytes come and go whole, in parts, or not at all. */
import { readAll } from "../../stream.js";
import { equal, hasCode, ok, rejects, sameBytes } from "./assert.js";
import { bytesOf, type Case, noise, sha256, streamOfPieces, type Trial } from "./trial.js";

const MIB = 1024 * 1024;

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

/** Neither the object nor a list shows that anything was tried. */
async function untouched(trial: Trial, version: string): Promise<void> {
  equal(await trial.text("a"), "old", "what is there");
  equal((await trial.other.head(trial.key("a")))?.version, version, "version");
  equal((await trial.names()).join(), "a", "names");
}

export const bodies: Case[] = [
  {
    name: "a stream of known size is put as it comes",
    async run(trial) {
      const bytes = noise(3 * MIB + 17);
      const { stream } = streamOfPieces(pieces(bytes, 100_003));
      const info = await trial.store.put(trial.key("a"), stream, { size: bytes.length });
      equal(info?.size, bytes.length, "size");
      sameBytes(await readAll((await trial.other.get(trial.key("a")))?.body ?? never(), 64 * MIB), bytes);
    },
  },
  {
    name: "17 MiB of a size that nobody knows are put whole, and replace what was there",
    async run(trial) {
      await trial.put("a", "old");
      const bytes = noise(17 * MIB + 5);
      const { stream } = streamOfPieces(pieces(bytes, 300_007));
      const info = await trial.store.put(trial.key("a"), stream);
      equal(info?.size, bytes.length, "size");
      const found = await trial.other.get(trial.key("a"));
      equal(found?.info.size, bytes.length, "size of get");
      equal(found?.info.version, info?.version, "version of get");
      sameBytes(await readAll(found?.body ?? never(), 64 * MIB), bytes);
      equal(
        await trial.text("a", { range: { start: 16 * MIB - 1, end: 16 * MIB } }),
        new TextDecoder().decode(bytes.subarray(16 * MIB - 1, 16 * MIB + 1)),
      );
      const replaced = await trial.put("a", "new", { ifVersion: info?.version });
      equal(replaced.size, 3, "size after");
    },
  },
  {
    name: "a stream of a size that nobody knows may be short, or empty",
    async run(trial) {
      for (const bytes of [noise(0), noise(1), noise(70_000)]) {
        const { stream } = streamOfPieces(pieces(bytes, 1000));
        equal((await trial.store.put(trial.key("a"), stream))?.size, bytes.length, "size");
        sameBytes(await readAll((await trial.store.get(trial.key("a")))?.body ?? never(), MIB), bytes);
      }
    },
  },
  {
    name: "a stream of no bytes, and of size 0, is an object",
    async run(trial) {
      const { stream } = streamOfPieces([]);
      equal((await trial.store.put(trial.key("a"), stream, { size: 0 }))?.size, 0, "size");
      equal(await trial.text("a"), "");
    },
  },
  {
    name: "bytes that are changed after put has resolved are not changed in the store",
    async run(trial) {
      const bytes = bytesOf("content");
      await trial.store.put(trial.key("a"), bytes);
      bytes.fill(0);
      const found = await trial.store.get(trial.key("a"));
      const read = await readAll(found?.body ?? never(), MIB);
      read.fill(0);
      equal(await trial.text("a"), "content");
    },
  },
  {
    name: "a stream that fails half-way leaves what was there",
    async run(trial) {
      const { version } = await trial.put("a", "old");
      for (const [size, options] of [
        [MIB, { size: 2 * MIB }],
        [MIB, {}],
        [18 * MIB, {}],
        [MIB, { size: 2 * MIB, ifVersion: version }],
      ] as const) {
        const { stream } = streamOfPieces(pieces(noise(size), 200_000), new Error("the sender is gone"));
        await rejects(trial.store.put(trial.key("a"), stream, options), "put of a stream that fails");
        await untouched(trial, version);
      }
      const { stream } = streamOfPieces([noise(1000)], new Error("the sender is gone"));
      await rejects(trial.store.put(trial.key("b"), stream, { size: 2000, ifAbsent: true }));
      await untouched(trial, version);
    },
  },
  {
    name: "a stream of fewer bytes than were said, or of more, is refused and leaves what was there",
    async run(trial) {
      const { version } = await trial.put("a", "old");
      for (const size of [0, 999, 1001, 5 * MIB]) {
        const { stream } = streamOfPieces([noise(500), noise(500)]);
        hasCode(
          await rejects(trial.store.put(trial.key("a"), stream, { size }), `size ${size}`),
          "STORE_CONTENT_MISMATCH",
        );
        await untouched(trial, version);
      }
      hasCode(await rejects(trial.store.put(trial.key("a"), noise(10), { size: 11 })), "STORE_CONTENT_MISMATCH");
      await untouched(trial, version);
    },
  },
  {
    name: "content of another SHA-256 is refused and leaves what was there, where the store can tell",
    async run(trial) {
      const { version } = await trial.put("a", "old");
      if (!trial.store.verifiesSha256) return;
      const bytes = noise(300_000);
      const [right, wrong] = [await sha256(bytes), await sha256(noise(299_999))];
      const large = noise(17 * MIB);
      const puts = () => [
        { content: bytes, options: { size: bytes.length } },
        { content: streamOfPieces(pieces(bytes, 7000)).stream, options: { size: bytes.length } },
        { content: streamOfPieces(pieces(bytes, 7000)).stream, options: {} },
        { content: streamOfPieces(pieces(large, MIB)).stream, options: {} },
      ];
      for (const { content, options } of puts()) {
        const refused = trial.store.put(trial.key("a"), content, { ...options, sha256: wrong });
        hasCode(await rejects(refused, "put of another hash"), "STORE_CONTENT_MISMATCH");
        await untouched(trial, version);
      }
      const hashes = [right, right, right, await sha256(large)];
      for (const [index, { content, options }] of puts().entries()) {
        await trial.store.put(trial.key("b"), content, { ...options, sha256: hashes[index] });
        sameBytes(
          await readAll((await trial.store.get(trial.key("b")))?.body ?? never(), 64 * MIB),
          index < 3 ? bytes : large,
        );
      }
    },
  },
  {
    name: "ranges are read: the first byte, the last, one that ends behind the end, the whole",
    async run(trial) {
      await trial.put("a", "0123456789");
      const range = async (start: number, end: number) => await trial.text("a", { range: { start, end } });
      equal(await range(0, 0), "0");
      equal(await range(9, 9), "9");
      equal(await range(3, 5), "345");
      equal(await range(0, 9), "0123456789");
      equal(await range(8, 1000), "89");
      equal(await range(0, Number.MAX_SAFE_INTEGER), "0123456789");
      const found = await trial.store.get(trial.key("a"), { range: { start: 2, end: 3 } });
      equal(found?.info.size, 10, "the size of the whole");
      await found?.body.cancel();
    },
  },
  {
    name: "a range that begins at the end, or behind it, is a RangeError; one that is none is refused",
    async run(trial) {
      await trial.put("a", "0123456789");
      await trial.put("empty", "");
      const get = (name: string, start: number, end: number) =>
        trial.store.get(trial.key(name), { range: { start, end } });
      for (const [name, start] of [
        ["a", 10],
        ["a", 11],
        ["a", 2 ** 40],
        ["empty", 0],
      ] as const) {
        const error = await rejects(get(name, start, 2 ** 41), `${name} from ${start}`);
        ok(error instanceof RangeError, `it is no RangeError, but ${error}`);
      }
      for (const [start, end] of [
        [-1, 2],
        [3, 2],
        [0.5, 2],
        [0, Number.NaN],
      ] as const) {
        hasCode(await rejects(get("a", start, end), `${start} to ${end}`), "INVALID_ARGUMENT");
      }
      equal(await get("none", 20, 30), undefined);
    },
  },
  {
    name: "large objects are read in parts that fit together",
    async run(trial) {
      const bytes = noise(5 * MIB + 3);
      await trial.put("a", bytes);
      for (const [start, end] of [
        [0, MIB],
        [MIB + 1, 4 * MIB - 1],
        [4 * MIB, bytes.length - 1],
      ] as const) {
        const found = await trial.store.get(trial.key("a"), { range: { start, end } });
        sameBytes(await readAll(found?.body ?? never(), 64 * MIB), bytes.subarray(start, end + 1));
      }
    },
  },
  {
    name: "a body is of the version that was read, though it is replaced or deleted meanwhile, or it errors",
    async run(trial) {
      const bytes = noise(4 * MIB);
      const first = await trial.put("a", bytes);
      const found = await trial.store.get(trial.key("a"));
      equal(found?.info.version, first.version, "version");
      const reader = (found?.body ?? never()).getReader();
      const chunks: Uint8Array[] = [(await reader.read()).value ?? noise(0)];
      await trial.put("a", noise(4 * MIB, 2));
      await trial.store.delete([trial.key("a")]);
      try {
        for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
      } catch {
        return;
      }
      sameBytes(new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer()), bytes);
    },
  },
  {
    name: "a body that is cancelled, or whose signal fires, takes nothing with it",
    async run(trial) {
      const bytes = noise(2 * MIB);
      await trial.put("a", bytes);
      for (let round = 0; round < 20; round += 1) {
        const found = await trial.store.get(trial.key("a"));
        const reader = (found?.body ?? never()).getReader();
        if (round % 2 === 0) await reader.read();
        await reader.cancel();
      }
      const controller = new AbortController();
      const found = await trial.store.get(trial.key("a"), { signal: controller.signal });
      const reader = (found?.body ?? never()).getReader();
      await reader.read();
      controller.abort(new Error("enough"));
      await rejects(
        (async () => {
          while (!(await reader.read()).done);
        })(),
        "the body",
      );
      sameBytes(await readAll((await trial.store.get(trial.key("a")))?.body ?? never(), 64 * MIB), bytes);
    },
  },
  {
    name: "a put whose signal fires in the middle rejects with its reason, gives the stream up, and leaves what was there",
    async run(trial) {
      const { version } = await trial.put("a", "old");
      for (const size of [2 * MIB, undefined]) {
        const controller = new AbortController();
        const reason = new Error("enough");
        let cancelled = false;
        const stream = new ReadableStream<Uint8Array>({
          start: (stream) => stream.enqueue(noise(MIB)),
          // It never goes on.
          pull: () => new Promise(() => setTimeout(() => controller.abort(reason), 20)),
          cancel() {
            cancelled = true;
          },
        });
        const put = trial.store.put(trial.key("a"), stream, { size, signal: controller.signal });
        equal(await rejects(put, "the put"), reason);
        await new Promise((resolve) => setTimeout(resolve, 20));
        ok(cancelled, "the stream was not cancelled");
        await untouched(trial, version);
      }
    },
  },
];

function never(): never {
  throw new Error("there is no such object");
}

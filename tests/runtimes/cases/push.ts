import type { ContentSource, Progress, PushContent } from "pierhead/client";
import { equal, hasCode, ok, rejects, sameBytes } from "../assert.ts";
import type { Case, Context } from "../case.ts";

/** More than two chunks of the size that the cases use. */
const SIZE = 300_000;
const CHUNK = 128 * 1024;

function someBytes(size = SIZE): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) % 251);
}

/** A repository of the test registry in which uploads go this way, for this case and runtime alone. */
function repository({ pierhead: { Registry }, registry, runtime }: Context, way: string) {
  const name = `uploads/${way}/${runtime}-${Math.random().toString(36).slice(2)}`;
  const { blobs } = new Registry(registry.url, { headersTimeout: 10_000 }).repository(name);
  const log = async () => (await (await fetch(`${registry.url}/log/${name}`)).json()) as Logged[];
  return { name, blobs, log };
}

interface Logged {
  readonly method: string;
  readonly length?: string;
  readonly range?: string;
  readonly bytes?: number;
}

/** The bytes a few at a time. */
function streamOf(bytes: Uint8Array, step = 10_000): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.subarray(at, at + step));
      at += step;
    },
  });
}

/** A source that can be opened again, and says where it was. */
function sourceOf(bytes: Uint8Array, digest?: string): ContentSource & { opened: number[] } {
  const opened: number[] = [];
  const open = (offset: number) => {
    opened.push(offset);
    return streamOf(bytes.subarray(offset));
  };
  return { size: bytes.byteLength, digest, open, opened };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const kinds: Record<string, (bytes: Uint8Array<ArrayBuffer>) => PushContent> = {
  "a Uint8Array": (bytes) => bytes,
  "an ArrayBuffer": (bytes) => bytes.buffer,
  "a Blob": (bytes) => new Blob([bytes]),
  "a stream": (bytes) => streamOf(bytes),
  "a source": (bytes) => sourceOf(bytes),
};

export const cases: Case[] = [
  ...Object.entries(kinds).flatMap(([kind, make]) =>
    ["plain", "single", "cut", "forgetful"].map((way) => ({
      name: `${kind} arrives at a registry that is ${way}`,
      async run(context: Context) {
        for (const size of way === "plain" ? [0, 1, CHUNK, CHUNK + 1, SIZE] : [1, SIZE]) {
          const bytes = someBytes(size);
          const { blobs } = repository(context, way);
          const pushed = await blobs.push(make(bytes), { chunkSize: CHUNK });
          equal(pushed, { digest: context.pierhead.digest(bytes), size, status: "uploaded" });
          sameBytes(await drain((await blobs.get(pushed.digest)).body), bytes);
        }
      },
    })),
  ),
  {
    name: "a source of known digest goes in one request where the host streams, and in chunks elsewhere",
    async run(context) {
      const bytes = someBytes();
      const { blobs, log } = repository(context, "plain");
      await blobs.push(sourceOf(bytes, context.pierhead.digest(bytes)), { chunkSize: CHUNK });
      const sent = (await log()).filter(({ bytes }) => (bytes ?? 0) > 0).map(({ method, length }) => [method, length]);
      if (context.runtime !== "node" && context.runtime !== "workerd") {
        const rest = String(SIZE - 2 * CHUNK);
        equal(sent, [
          ["PATCH", String(CHUNK)],
          ["PATCH", String(CHUNK)],
          ["PATCH", rest],
        ]);
      } else equal(sent, [["PUT", String(SIZE)]]);
    },
  },
  {
    name: "what breaks in the middle is gone on with, not begun anew",
    async run(context) {
      const bytes = someBytes();
      const { blobs, log } = repository(context, "cut");
      const source = sourceOf(bytes, context.pierhead.digest(bytes));
      await blobs.push(source, { chunkSize: CHUNK });
      const methods = (await log()).map(({ method }) => method);
      equal(methods.filter((method) => method === "POST").length, 1);
      ok(methods.includes("GET"), "it did not ask for the status");
      ok(!source.opened.slice(1).includes(0), `it was read again from its beginning: ${source.opened}`);
    },
  },
  {
    name: "a blob that is there is not sent again, and another repository's is mounted",
    async run(context) {
      const bytes = someBytes();
      const digest = context.pierhead.digest(bytes);
      const { name, blobs } = repository(context, "plain");
      equal((await blobs.push(bytes)).status, "uploaded");
      equal(await blobs.push(bytes), { digest, size: SIZE, status: "existed" });
      const other = repository(context, "plain");
      equal(await other.blobs.push(bytes, { mountFrom: name }), { digest, size: SIZE, status: "mounted" });
      equal(await other.blobs.head(digest), { digest, size: SIZE });
      const third = repository(context, "plain");
      equal(await third.blobs.mount(digest), false);
      equal(await third.blobs.mount(digest, name), true);
      await third.blobs.delete(digest);
      hasCode(await rejects(third.blobs.head(digest)), "REGISTRY_ERROR");
    },
  },
  {
    name: "a content that is not what it was said to be never comes to be a blob",
    async run(context) {
      const { digest: digestOf } = context.pierhead;
      const bytes = someBytes();
      const wrong = bytes.slice();
      wrong[7] = 255;
      const digest = digestOf(bytes);
      for (const [content, options, code] of [
        [wrong, { digest }, "DIGEST_MISMATCH"],
        [streamOf(wrong), { digest }, "DIGEST_MISMATCH"],
        [sourceOf(wrong), { digest }, "DIGEST_MISMATCH"],
        [bytes, { size: 5 }, "SIZE_MISMATCH"],
        [streamOf(bytes), { digest, size: SIZE - 1 }, "SIZE_MISMATCH"],
        [streamOf(bytes), { digest, size: SIZE + 1 }, "BODY_TRUNCATED"],
        [streamOf(bytes), { size: SIZE - 1 }, "SIZE_MISMATCH"],
        [streamOf(bytes), { size: SIZE + 1 }, "BODY_TRUNCATED"],
        [bytes, { digest: "sha256:x" }, "INVALID_DIGEST"],
        [bytes, { digest: "sha999:x" }, "UNSUPPORTED_ALGORITHM"],
        [bytes, { size: -1 }, "SIZE_MISMATCH"],
        [streamOf(bytes), { size: 0.5 }, "INVALID_ARGUMENT"],
        [bytes, { chunkSize: 0 }, "INVALID_ARGUMENT"],
        [5 as unknown as Uint8Array, {}, "INVALID_ARGUMENT"],
      ] as const) {
        const { blobs, log } = repository(context, "plain");
        const error = await rejects(blobs.push(content, { chunkSize: CHUNK, ...options }), code);
        hasCode(error, code);
        if (code === "DIGEST_MISMATCH") {
          equal(
            [(error as { expected: string }).expected, (error as { actual: string }).actual],
            [digest, digestOf(wrong)],
          );
        }
        const [last] = (await log()).slice(-1);
        ok(last === undefined || last.method === "DELETE", `${code}: the session was left open`);
      }
    },
  },
  {
    name: "a push rejects with what its stream failed with, and takes its session back",
    async run(context) {
      const reason = new Error("the disk is gone");
      for (const reopens of [true, false]) {
        const failing = () => {
          const source = streamOf(someBytes()).getReader();
          return new ReadableStream<Uint8Array>({
            async pull(controller) {
              const { done, value } = await source.read();
              if (done) throw reason;
              controller.enqueue(value);
            },
          });
        };
        const digest = context.pierhead.digest(someBytes(SIZE + 1));
        const content = reopens ? { size: SIZE + 1, digest, open: failing } : failing();
        const { blobs, log } = repository(context, "plain");
        const error = await rejects(blobs.push(content, { chunkSize: CHUNK }));
        ok(error === reason, String(error));
        equal((await log()).at(-1)?.method, "DELETE");
      }
    },
  },
  {
    name: "an abort rejects with its reason, and takes the session back",
    async run(context) {
      const reason = new Error("enough");
      const bytes = someBytes();
      const { blobs, log } = repository(context, "silent");
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 200);
      let cancelled: unknown;
      const content = new ReadableStream({
        pull: (stream) => stream.enqueue(bytes),
        cancel(given) {
          cancelled = given;
        },
      });
      const error = await rejects(blobs.push(content, { chunkSize: CHUNK, signal: controller.signal }));
      ok(error === reason, String(error));
      for (let tries = 0; (await log()).at(-1)?.method !== "DELETE"; tries += 1) {
        ok(tries < 40, "the session was left open");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      void cancelled;
      const over = AbortSignal.abort(reason);
      ok((await rejects(blobs.push(bytes, { signal: over }))) === reason, "before");
    },
  },
  {
    name: "progress rises to the size, and what its listener throws ends the push",
    async run(context) {
      const bytes = someBytes();
      for (const content of [bytes, streamOf(bytes)]) {
        const seen: Progress[] = [];
        const { blobs } = repository(context, "plain");
        await blobs.push(content, { chunkSize: CHUNK, onProgress: (progress) => seen.push(progress) });
        ok(seen.length > 2, `${seen.length} reports`);
        for (const [at, { bytes }] of seen.entries()) ok(bytes >= (seen[at - 1]?.bytes ?? 0), "it falls");
        equal(seen.at(-1)?.bytes, SIZE);
      }
      const reason = new Error("no");
      const throwing = () => {
        throw reason;
      };
      const { blobs } = repository(context, "plain");
      ok((await rejects(blobs.push(streamOf(bytes), { chunkSize: CHUNK, onProgress: throwing }))) === reason, "other");
    },
  },
  {
    name: "a digest of another algorithm names a blob",
    async run(context) {
      const bytes = someBytes();
      const digest = context.pierhead.digest(bytes, "sha512");
      for (const content of [bytes, streamOf(bytes)]) {
        const { blobs } = repository(context, "plain");
        equal(await blobs.push(content, { algorithm: "sha512" }), { digest, size: SIZE, status: "uploaded" });
      }
    },
  },
];

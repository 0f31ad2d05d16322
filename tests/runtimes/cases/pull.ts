import type { BlobPart } from "pierhead/client";
import { equal, hasCode, rejects, sameBytes } from "../assert.ts";
import type { Case, Context } from "../case.ts";

async function drain(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The blobs of `hello`, or of a fault. */
function blobsOf({ pierhead: { Registry }, registry }: Context, repository = "hello") {
  return new Registry(registry.url).repository(repository).blobs;
}

export const cases: Case[] = [
  {
    name: "a blob whose connection breaks again and again is read on, and verified as one",
    async run(context) {
      const { digest, size } = context.image.layer;
      for (const options of [{ size }, {}]) {
        const { body, verified } = await blobsOf(context, "faults/cut-often").get(digest, options);
        const bytes = await drain(body);
        equal([bytes.byteLength, context.pierhead.digest(bytes), verified], [size, digest, true]);
      }
    },
  },
  {
    name: "a part of a blob is the bytes that were asked for, and says that nobody verified them",
    async run(context) {
      const { digest, size } = context.image.layer;
      const all = await drain((await blobsOf(context).get(digest)).body);
      for (const [start, end] of [
        [0, 0],
        [1, 5],
        [size - 3, size + 10],
      ] as const) {
        for (const repository of ["hello", "faults/cut-often"]) {
          const part: BlobPart = await blobsOf(context, repository).get(digest, { range: { start, end } });
          sameBytes(await drain(part.body), all.subarray(start, end + 1));
          equal([part.verified, part.size], [false, size]);
        }
      }
    },
  },
  {
    name: "the rest of a blob is asked for to its last byte, and no more than five times where nothing comes of it",
    async run({ pierhead: { Registry, digest: digestOf } }) {
      const all = new TextEncoder().encode("twelve bytes");
      const dead = async () => Promise.reject(new TypeError("no connection"));
      const busy = async () => new Response(null, { status: 503 });
      const closed = async () => new Response(null, { status: 429, headers: { "retry-after": "3600" } });
      const { random } = Math;
      // Without pauses.
      Math.random = () => 0;
      try {
        for (const [rest, code, times] of [
          [dead, "CONNECTION_FAILED", 5],
          [busy, "REGISTRY_ERROR", 5],
          [closed, "REGISTRY_ERROR", 1],
        ] as const) {
          const ranges: (string | null)[] = [];
          const fetch = async (_: unknown, init?: RequestInit) => {
            ranges.push(new Headers(init?.headers).get("range"));
            return ranges.length > 1 ? await rest() : breaking(all, 5);
          };
          const { blobs } = new Registry("registry.test", { fetch }).repository("a");
          const { body } = await blobs.get(digestOf(all));
          hasCode(await rejects(drainBad(body)), code);
          equal(ranges, [null, ...Array(times).fill("bytes=5-11")]);
        }
      } finally {
        Math.random = random;
      }
    },
  },
  {
    name: "a registry that knows no ranges sends all, of which a part is taken",
    async run({ pierhead: { Registry, digest: digestOf } }) {
      const all = new TextEncoder().encode("twelve bytes");
      const digest = digestOf(all);
      const fetch = async () => new Response(all);
      const { blobs } = new Registry("registry.test", { fetch }).repository("a");
      const { body } = await blobs.get(digest, { range: { start: 2, end: 4 } });
      equal(new TextDecoder().decode(await drain(body)), "elv");
      const past = (await blobs.get(digest, { range: { start: 12, end: 14 } }).catch((error) => error)) as BlobPart;
      hasCode("body" in past ? await rejects(drainBad(past.body)) : past, "INVALID_ARGUMENT");
    },
  },
  {
    name: "a part that is not there, or is none, is a typed error",
    async run(context) {
      const { digest, size } = context.image.layer;
      const blobs = blobsOf(context);
      const missing = await rejects(blobs.get(digest, { range: { start: size, end: size } }));
      equal([(missing as { code: string }).code, (missing as { status: number }).status], ["REGISTRY_ERROR", 416]);
      for (const range of [
        { start: 2, end: 1 },
        { start: -1, end: 1 },
        { start: 0.5, end: 1 },
      ]) {
        hasCode(await rejects(blobs.get(digest, { range })), "INVALID_ARGUMENT");
      }
      hasCode(await rejects(blobs.get(digest, { size, range: { start: size, end: size } })), "INVALID_ARGUMENT");
    },
  },
  {
    name: "more bytes than the limit are not taken",
    async run(context) {
      const { digest, size } = context.image.layer;
      // A browser may not see how large the body will be.
      const all = async () => await drainBad((await blobsOf(context).get(digest, { limit: size - 1 })).body);
      hasCode(await rejects(all()), "TOO_LARGE");
      equal((await drain((await blobsOf(context).get(digest, { limit: size })).body)).byteLength, size);
      const unknown = await blobsOf(context, "faults/no-length").get(digest, { limit: size - 1 });
      hasCode(await rejects(drainBad(unknown.body)), "TOO_LARGE");
      const part = await blobsOf(context).get(digest, { limit: 2, range: { start: 3, end: 4 } });
      equal((await drain(part.body)).byteLength, 2);
    },
  },
];

/** A response whose connection breaks after so many bytes. */
function breaking(all: Uint8Array, bytes: number): Response {
  const parts = [all.slice(0, bytes)];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.pop();
      if (part === undefined) controller.error(new TypeError("the connection broke"));
      else controller.enqueue(part);
    },
  });
  return new Response(body, { headers: { "content-length": String(all.length) } });
}

/** Reads a stream until it fails. Not through a Response: Chromium's has an error of its own for a stream that fails. */
async function drainBad(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

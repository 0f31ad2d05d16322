/** What is left of an upload that was ended is deleted behind the answer, as far as its host lets it. */
import { createFront, type FrontContext, type ObjectStore } from "pierhead/front";
import { memory, StoreError } from "pierhead/stores/memory";
import { expect, test, vi } from "vitest";
import { frontCore } from "../../../dist/core/front.js";
import { pushChunk, sha256, status } from "./pushing.ts";

/** How many uploads may be deleted at a time. */
const MOST_BEHIND = 64;

/** Keeps what a host was asked to go on with. */
function kept() {
  const promises: Promise<unknown>[] = [];
  const context: FrontContext = { waitUntil: (promise) => promises.push(promise) };
  return { promises, context };
}

/** A store whose deletions wait, and what lets them go on. */
function held() {
  const store = memory();
  const waiting: (() => void)[] = [];
  let isHeld = true;
  const holding: ObjectStore = {
    ...store,
    async delete(keys, options) {
      if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
      await store.delete(keys, options);
    },
  };
  const release = () => {
    isHeld = false;
    for (const go of waiting) go();
  };
  return { store: holding, waiting, release };
}

async function keys(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await store.list(prefix, { limit: 1000 })).objects.map(({ key }) => key);
}

/** Ends an upload of these bytes, as a blob or as nothing. */
function end(upload: string, content: string | undefined, context?: FrontContext) {
  const [method, query] = content === undefined ? ["DELETE", ""] : ["PUT", `?digest=${sha256(content)}`];
  return [new Request(`http://front.test/v2/${upload}${query}`, { method }), context] as const;
}

test("an upload is closed, or cancelled, before the store has deleted what is left of it", async () => {
  const { store, waiting, release } = held();
  const front = createFront({ store });
  for (const [content, expected] of [
    ["closed", 201],
    [undefined, 204],
  ] as const) {
    const upload = await pushChunk(front, "a", content ?? "cancelled");
    const { promises, context } = kept();
    expect((await front(...end(upload, content, context))).status).toBe(expected);
    expect(promises).toHaveLength(1);
    expect(await status(front, upload)).toBe(404);
  }
  await vi.waitFor(() => expect(waiting).toHaveLength(2));
  expect(await status(front, `a/blobs/${sha256("closed")}`)).toBe(200);
  expect(await keys(store, "uploads/")).toHaveLength(8);
  release();
  await vi.waitFor(async () => expect(await keys(store, "uploads/")).toEqual([]));
  expect(await keys(store, "segments/")).toHaveLength(1);
});

test("a host is asked to go on until all is gone that is left of an upload, and for nothing where that is nothing", async () => {
  const store = memory();
  const front = createFront({ store });
  const upload = await pushChunk(front, "a", "hello");
  const { promises, context } = kept();
  expect((await front(new Request(`http://front.test/v2/${upload}`), context)).status).toBe(204);
  expect((await front(...end(upload, "other", context))).status).toBe(400);
  expect(promises).toEqual([]);
  expect((await front(...end(upload, "hello", context))).status).toBe(201);
  expect(promises).toHaveLength(1);
  await promises[0];
  expect(await keys(store, "uploads/")).toEqual([]);
  // Bytes that a blob had before are deleted, too.
  const again = await pushChunk(front, "b", "hello");
  expect((await front(...end(again, "hello", context))).status).toBe(201);
  expect(await keys(store, "segments/")).toHaveLength(2);
  await promises[1];
  expect(await keys(store, "segments/")).toHaveLength(1);
  expect(await status(front, `b/blobs/${sha256("hello")}`)).toBe(200);
});

test("what fails behind an answer is told to the operator, and to nobody else", async () => {
  const onError = vi.fn(() => {
    throw new Error("the log is full");
  });
  const broken = memory();
  broken.delete = () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "no answer"));
  const front = createFront({ store: broken, onError });
  const upload = await pushChunk(front, "a", "hello");
  const { promises, context } = kept();
  expect((await front(...end(upload, "hello", context))).status).toBe(201);
  await expect(promises[0]).resolves.toBeUndefined();
  expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: "no answer" }));
  expect(await status(front, upload)).toBe(404);
  expect(await status(front, `a/blobs/${sha256("hello")}`)).toBe(200);
});

test("when the core fails, nobody goes on waiting for what it was to delete", async () => {
  const { store, waiting } = held();
  let fails = false;
  Object.defineProperty(store, "verifiesSha256", {
    get() {
      // Out of a call of the core's own, like what its stack overflows with.
      if (fails) throw new RangeError("Maximum call stack size exceeded");
      return false;
    },
  });
  const onError = vi.fn();
  const front = createFront({ store, onError });
  const upload = await pushChunk(front, "a", "hello");
  const { promises, context } = kept();
  expect((await front(...end(upload, "hello", context))).status).toBe(201);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  fails = true;
  const url = `http://front.test/v2/a/blobs/uploads/?digest=${sha256("other")}`;
  const headers = { "content-length": "5" };
  const put = () => front(new Request(url, { method: "POST", body: "other", headers }));
  expect((await put()).status).toBe(500);
  await expect(promises[0]).resolves.toBeUndefined();
  expect(onError.mock.calls).toEqual(Array(2).fill([expect.objectContaining({ code: "INTERNAL" })]));
  fails = false;
  expect(await status(front, `a/blobs/${sha256("hello")}`)).toBe(200);
  expect((await put()).status).toBe(201);
});

test("where more is deleted than may be at a time, whoever is next waits for his own", async () => {
  const { store, waiting, release } = held();
  const front = createFront({ store });
  for (let number = 0; number < MOST_BEHIND; number += 1) {
    const upload = await pushChunk(front, "a", "hello");
    expect((await front(...end(upload, undefined))).status).toBe(204);
  }
  await vi.waitFor(() => expect(waiting).toHaveLength(MOST_BEHIND));
  const upload = await pushChunk(front, "a", "hello");
  let isAnswered = false;
  const { promises, context } = kept();
  const answered = front(...end(upload, undefined, context)).finally(() => {
    isAnswered = true;
  });
  await vi.waitFor(() => expect(waiting).toHaveLength(MOST_BEHIND + 1));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isAnswered).toBe(false);
  // Whatever else is asked for is answered.
  expect(await status(front, upload)).toBe(404);
  release();
  expect((await answered).status).toBe(204);
  expect(promises).toEqual([]);
  await vi.waitFor(async () => expect(await keys(store, "uploads/")).toEqual([]));
  const last = await pushChunk(front, "a", "hello");
  expect((await front(...end(last, undefined, context))).status).toBe(204);
  expect(promises).toHaveLength(1);
});

test("a request that finds the core failing at what another one left is answered, by a new instance", async () => {
  const store = memory();
  const onError = vi.fn();
  let isSilent = true;
  const front = createFront({
    store: { ...store, list: (...given) => (isSilent ? new Promise(() => {}) : store.list(...given)) },
    onError,
  });
  const upload = await pushChunk(front, "a", "hello");
  const requests = [
    () => status(front, "a/tags/list"),
    async () => (await front(...end(upload, undefined))).status,
    async () => (await front.collect()).done,
  ];
  const answers: unknown[] = [];
  for (const [number, request] of requests.entries()) {
    isSilent = true;
    const left = status(front, "a/tags/list");
    await new Promise((resolve) => setTimeout(resolve, 20));
    isSilent = false;
    // Out of a call of the core's own, like what its stack overflows with.
    const abandon = vi.spyOn(frontCore, "abandon").mockImplementationOnce(() => {
      throw new RangeError("Maximum call stack size exceeded");
    });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 130_000 * (number + 1) });
    try {
      answers.push(await request());
    } finally {
      vi.useRealTimers();
    }
    expect(abandon).toHaveBeenCalled();
    abandon.mockRestore();
    expect(await left).toBe(500);
  }
  expect(answers).toEqual([404, 204, true]);
});

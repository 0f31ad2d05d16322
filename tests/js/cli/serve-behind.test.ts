/** What `pierhead serve` deletes behind its answers, and that it waits for it when it ends. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { memory, type Serving, serve } from "../../../dist/cli/serve/serve.js";

let serving: Serving | undefined;
afterEach(() => serving?.close(0));

/** A server that has closed an upload, and whose store does not delete anything until it is let. */
async function closed() {
  const store = memory();
  let release = () => {};
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = {
    ...store,
    async delete(...given: Parameters<typeof store.delete>) {
      await isReleased;
      await store.delete(...given);
    },
  };
  serving = await serve({ store: holding }, { host: "127.0.0.1", port: 0 });
  const { url, close } = serving;
  const sent = async (method: string, target: string, body?: string) => {
    const { status, headers } = await fetch(new URL(target, url), { method, body: body ?? null });
    return { status, location: headers.get("location") as string };
  };
  const { location } = await sent("POST", "/v2/a/blobs/uploads/");
  const chunk = await sent("PATCH", location, "hello");
  const end = new URL(chunk.location, url);
  end.searchParams.set("digest", `sha256:${createHash("sha256").update("hello").digest("hex")}`);
  expect((await sent("PUT", end.href)).status).toBe(201);
  const left = async () => (await store.list("uploads/")).objects.length;
  expect(await left()).toBeGreaterThan(0);
  return { close, release, left };
}

/** That a server which is told to end does so once its store is let, and not before. */
async function waits(close: Serving["close"], release: () => void) {
  let isClosed = false;
  const ended = close(10_000).then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isClosed).toBe(false);
  release();
  await ended;
}

test("it ends once that is deleted which its last answers left behind", async () => {
  const { close, release, left } = await closed();
  await waits(close, release);
  expect(await left()).toBe(0);
});

test("it ends at its time, whatever is left then", async () => {
  const { close, left } = await closed();
  const begun = performance.now();
  await close(300);
  expect(performance.now() - begun).toBeGreaterThan(250);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(await left()).toBeGreaterThan(0);
});

test("it ends once a request has ended whose client has left, with what that leaves behind", async () => {
  const store = memory();
  let release = () => {};
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isPut = false;
  const holding = {
    ...store,
    async put(...given: Parameters<typeof store.put>) {
      // Once all of the body has been read.
      if (given[0].startsWith("blobs/")) {
        isPut = true;
        await isReleased;
      }
      return await store.put(...given);
    },
    async delete(...given: Parameters<typeof store.delete>) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await store.delete(...given);
    },
  };
  serving = await serve({ store: holding, onError: () => {} }, { host: "127.0.0.1", port: 0 });
  const { url, close } = serving;
  const begun = await fetch(new URL("/v2/a/blobs/uploads/", url), { method: "POST" });
  const end = new URL(begun.headers.get("location") as string, url);
  end.searchParams.set("digest", `sha256:${createHash("sha256").update("hello").digest("hex")}`);
  const put = request(end, { method: "PUT", headers: { "content-length": "5" } });
  put.on("error", () => {});
  put.end("hello");
  await expect.poll(() => isPut).toBe(true);
  put.destroy();
  await once(put, "close").catch(() => {});
  await waits(close, release);
  expect((await store.list("uploads/")).objects).toEqual([]);
  expect((await store.list("repositories/")).objects).toHaveLength(1);
});

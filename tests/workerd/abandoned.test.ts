/** What workerd takes from a request that is over cannot be given up by another one: nobody else may come to harm by that. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { bundle, workerModules } from "../runtimes/bundle.mjs";

const file = await bundle("workerd", new URL("abandoned.worker.ts", import.meta.url));
const worker = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  modules: workerModules(file),
  compatibilityDate: "2025-01-01",
  cf: false,
});
const url = await worker.ready;
afterAll(() => worker.dispose());

/** Milliseconds after which the core ends what its host has dropped: twice what a store may take. */
const DROPPED = 2 * 60_000;

async function ask(method: string, target: string, body?: string) {
  const response = await fetch(new URL(target, url), { method, body: body ?? null });
  await response.arrayBuffer();
  return { status: response.status, location: response.headers.get("location") as string };
}

async function errors(): Promise<string[]> {
  return (await (await fetch(new URL("/errors", url))).json()) as string[];
}

test("what goes on behind an answer without a context is given up, and the requests after it are answered", async () => {
  const { location } = await ask("POST", "/v2/a/blobs/uploads/");
  const chunk = await ask("PATCH", location, "hello");
  const end = new URL(chunk.location, url);
  end.searchParams.set("digest", `sha256:${createHash("sha256").update("hello").digest("hex")}`);
  expect((await ask("PUT", end.href)).status).toBe(201);
  await ask("GET", `/forward?${DROPPED + 1}`);
  for (let times = 0; times < 3; times += 1) expect((await ask("GET", "/v2/a/tags/list")).status).toBe(404);
  expect(await errors()).not.toContainEqual(expect.stringContaining("InternalError"));
});

test.each(["", "x-context: 1\r\n"])(
  "a client that leaves while the store is slow harms no other: %j",
  async (header) => {
    await ask("GET", "/slow?on");
    const socket = connect(Number(url.port), url.hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`GET /v2/a/manifests/latest HTTP/1.1\r\nHost: ${url.host}\r\n${header}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await ask("GET", "/slow?off");
    await ask("GET", `/forward?${DROPPED + 1}`);
    for (let times = 0; times < 3; times += 1) expect((await ask("GET", "/v2/a/manifests/latest")).status).toBe(404);
    expect(await errors()).toEqual([]);
  },
);

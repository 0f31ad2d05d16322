/** The cron of `examples/worker`, in workerd, on the bucket that it simulates. */
import { Miniflare } from "miniflare";
import type { CollectReport, Front } from "pierhead/front";
import { afterAll, expect, test } from "vitest";
import { ask, DAY, layerOf, pushBlob, pushChunk, pushImage, sha256, status } from "../js/front/pushing.ts";
import { bundle, workerModules } from "../runtimes/bundle.mjs";

const file = await bundle("workerd", new URL("collect.worker.ts", import.meta.url));
const modules = workerModules(file);
const workers: Miniflare[] = [];

/** What Miniflare's own types need those of Workers for. */
interface Scheduled {
  scheduled(event: { cron: string }): Promise<{ outcome: string }>;
}

/** Each start of workerd takes seconds where there is much to do. */
const TIMEOUT = { timeout: 60_000 };

/** What a visit logs. */
type Logged = CollectReport & { operation: "collect" };
afterAll(() => Promise.all(workers.map((worker) => worker.dispose())));

/** The Worker with these variables, and what it logs. */
async function start(bindings: Record<string, unknown>) {
  const logged: Logged[] = [];
  const worker = new Miniflare({
    modules,
    bindings: { ANYONE_MAY_PUSH: "true", ...bindings } as never,
    r2Buckets: { BUCKET: "pierhead" },
    compatibilityDate: "2025-01-01",
    cf: false,
    handleRuntimeStdio(stdout: NodeJS.ReadableStream) {
      stdout.on("data", (text: Buffer) => {
        for (const line of text.toString().split("\n")) if (line.startsWith("{")) logged.push(JSON.parse(line));
      });
    },
  });
  workers.push(worker);
  const front: Front = async (request) =>
    (await worker.dispatchFetch(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: request.body ? new Uint8Array(await request.arrayBuffer()) : null,
    })) as unknown as Response;
  return {
    front,
    /** Calls the Worker as its cron does, and gives what it logged. */
    async cron() {
      const before = logged.length;
      const called = (await worker.getWorker()) as unknown as Scheduled;
      const { outcome } = await called.scheduled({ cron: "*/10 * * * *" });
      expect(outcome).toBe("ok");
      return async () => {
        await expect.poll(() => logged.length).toBeGreaterThan(before);
        return logged.at(-1) as Logged;
      };
    },
    advance: (milliseconds: number) =>
      worker.dispatchFetch("http://front.test/advance", { method: "POST", body: String(milliseconds) }),
    visits: () => logged.length,
  };
}

async function crowd(front: Front): Promise<void> {
  await pushImage(front, "team/app", "latest", "kept");
  await pushBlob(front, "team/app", "unused");
  await pushChunk(front, "team/app", "hello");
  for (const number of [1, 2]) await pushImage(front, "ci/build", `v${number}`, `build ${number}`);
}

test("it collects what nobody needs, goes on at its next call, and rests until it is time again", TIMEOUT, async () => {
  const { front, cron, advance, visits } = await start({ OPERATIONS: 25 });
  await crowd(front);
  await advance(2 * DAY);
  let report = await (await cron())();
  expect(report).toMatchObject({ operation: "collect", done: false });
  for (let call = 1; !report.done; call += 1) {
    expect(call).toBeLessThan(20);
    await advance(600_000);
    await pushImage(front, "team/app", `call-${call}`, `call ${call}`);
    report = await (await cron())();
  }
  expect(report).toMatchObject({ late: false, damaged: 0, tags: 0, links: 1, condemned: 1, uploads: 1, bytes: 5 });
  expect(await status(front, `team/app/blobs/${sha256("unused")}`)).toBe(404);
  for (let call = 1; call < visits(); call += 1)
    expect(await layerOf(front, "team/app", `call-${call}`)).toBe(`call ${call}`);
  const before = visits();
  await cron();
  expect(visits()).toBe(before);
  await advance(DAY);
  expect(await (await cron())()).toMatchObject({ operation: "collect" });
});

test("its policies say what else goes", TIMEOUT, async () => {
  const { front, cron, advance } = await start({
    POLICIES: [{ repositories: "ci/**", untagged: true, keepDays: 1 }],
  });
  await crowd(front);
  await advance(2 * DAY);
  expect(await (await cron())()).toMatchObject({ done: true, tags: 2, manifests: 2 });
  expect(await (await ask(front, "GET", "ci/build/tags/list")).json()).toMatchObject({ tags: [] });
  expect(await layerOf(front, "team/app", "latest")).toBe("kept");
});

test("in front of another registry it has nothing to do", TIMEOUT, async () => {
  const { cron, visits } = await start({ UPSTREAM: "https://registry.example" });
  await cron();
  expect(visits()).toBe(0);
});

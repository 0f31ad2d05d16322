/** Collections as JavaScript asks for them. What they take and leave, whatever goes on beside them, is tested in Rust, below `tests/front/`. */
import { type CollectReport, createFront, createMetrics, type HostingFront, type ObjectStore } from "pierhead/front";
import { memory, StoreError } from "pierhead/stores/memory";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ask, DAY, layerOf, pushBlob, pushChunk, pushImage, sha256, status } from "./pushing.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});
const advance = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

/** A repository with a tagged image, one without a tag, a blob that nothing uses, and an upload; another with three tags of three days. */
async function crowded(): Promise<{ front: HostingFront; store: ObjectStore; untagged: string }> {
  const store = memory();
  const front = createFront({ store, onError: () => {} });
  await pushImage(front, "team/app", "latest", "kept");
  const untagged = await pushImage(front, "team/app", undefined, "loose");
  await pushBlob(front, "team/app", "unused");
  await pushChunk(front, "team/app", "hello");
  for (const number of [1, 2, 3]) {
    await pushImage(front, "ci/build", `v${number}`, `build ${number}`);
    advance(DAY);
  }
  advance(DAY);
  return { front, store, untagged };
}

const POLICIES = [{ repositories: "ci/*", untagged: true, keepTags: 1 }] as const;

/** All that a store holds, but for how far collections have come. */
async function contents(store: ObjectStore): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const { key } of (await store.list("", { limit: 1000 })).objects) {
    if (key.startsWith("gc/")) continue;
    all[key] = await new Response((await store.get(key))?.body as BodyInit).text();
  }
  return all;
}

test("what nobody needs goes, in two runs, and all else stays", async () => {
  const { front, untagged } = await crowded();
  const first = await front.collect();
  expect(first).toMatchObject({ done: true, busy: false, early: false, late: false, dry: false });
  expect(first).toMatchObject({ repositories: 2, tags: 0, manifests: 0, links: 1, uploads: 1, condemned: 1, blobs: 0 });
  expect(first).toMatchObject({ segments: 1, bytes: 5, damaged: 0 });
  expect(await status(front, `team/app/blobs/${sha256("unused")}`)).toBe(404);
  advance(3_600_000);
  expect(await front.collect()).toMatchObject({ condemned: 0, blobs: 1, segments: 1, bytes: 6 });
  expect(await front.collect()).toMatchObject({ condemned: 0, blobs: 0, segments: 0, links: 0, uploads: 0 });
  expect(await layerOf(front, "team/app", "latest")).toBe("kept");
  expect(await layerOf(front, "team/app", untagged)).toBe("loose");
});

test("policies say what is kept of which repositories", async () => {
  const { front, untagged } = await crowded();
  expect(await front.collect({ policies: POLICIES })).toMatchObject({ done: true, tags: 2, manifests: 2 });
  expect(await (await ask(front, "GET", "ci/build/tags/list")).json()).toMatchObject({ tags: ["v3"] });
  expect(await layerOf(front, "ci/build", "v3")).toBe("build 3");
  expect(await layerOf(front, "team/app", untagged)).toBe("loose");
  const more = [...POLICIES, { repositories: "**", untagged: true, keepDays: 30 }];
  expect(await front.collect({ policies: more })).toMatchObject({ tags: 0, manifests: 1 });
  expect(await layerOf(front, "team/app", untagged)).toBe(undefined);
  expect(await layerOf(front, "team/app", "latest")).toBe("kept");
});

test("a dry run says what would go, and changes nothing", async () => {
  const { front, store } = await crowded();
  const before = await contents(store);
  const looked = await front.collect({ policies: POLICIES, dryRun: true });
  expect(looked).toMatchObject({ dry: true, done: true, tags: 2, manifests: 2, uploads: 1 });
  expect(await contents(store)).toEqual(before);
  expect(await front.collect({ policies: POLICIES })).toEqual({ ...looked, dry: false });
});

test("what was taken away can be pushed again", async () => {
  const { front } = await crowded();
  const push = async () => {
    await pushImage(front, "team/app", "again", "unused");
    expect(await layerOf(front, "team/app", "again")).toBe("unused");
    await ask(front, "DELETE", "team/app/manifests/again");
  };
  // When it is condemned, and when it is gone.
  for (const times of [1, 2]) {
    const { blobs, condemned } = await (async () => {
      let report: CollectReport | undefined;
      for (let time = 0; time < times; time += 1) {
        advance(2 * DAY);
        report = await front.collect({ policies: [{ repositories: "**", untagged: true }] });
      }
      return report as CollectReport;
    })();
    expect(times === 1 ? condemned : blobs).toBeGreaterThan(0);
    await push();
  }
  expect(await layerOf(front, "team/app", "latest")).toBe("kept");
});

test("a run goes on from visit to visit, whichever front makes them, and counts all that it did", async () => {
  const { front, store } = await crowded();
  const other = await crowded();
  const expected = await other.front.collect({ policies: POLICIES });
  let visits = 1;
  let report = await front.collect({ policies: POLICIES, pages: 1 });
  for (; !report.done; visits += 1) {
    report = await createFront({ store }).collect({ policies: POLICIES, pages: 2 });
    await pushImage(front, "team/app", `visit-${visits}`, `visit ${visits}`);
  }
  expect(visits).toBeGreaterThan(8);
  expect(report).toEqual(expected);
  for (let visit = 1; visit < visits; visit += 1)
    expect(await layerOf(front, "team/app", `visit-${visit}`)).toBe(`visit ${visit}`);
});

test("a visit ends at the page at which it has asked the store for so much", async () => {
  const { front, store } = await crowded();
  let asked = 0;
  const counting = new Proxy(store, {
    get(target, name, receiver) {
      asked += name === "verifiesSha256" ? 0 : 1;
      return Reflect.get(target, name, receiver);
    },
  });
  const counted = createFront({ store: counting });
  asked = 0;
  expect(await counted.collect({ operations: 20 })).toMatchObject({ done: false, busy: false });
  expect(asked).toBeGreaterThan(20);
  // What is left of the page, and what it takes to give the collection back.
  expect(asked).toBeLessThan(40);
  expect(await front.collect()).toMatchObject({ done: true, links: 1, uploads: 1 });
});

test("of two at once one is busy", async () => {
  const { front, store } = await crowded();
  const reports = await Promise.all([front.collect(), createFront({ store }).collect(), front.collect()]);
  expect(reports.filter(({ done }) => done)).toHaveLength(1);
  expect(reports.filter(({ busy }) => busy)).toHaveLength(2);
});

test("a run begins no sooner than the interval says", async () => {
  const { front } = await crowded();
  expect(await front.collect({ interval: DAY })).toMatchObject({ done: true, early: false });
  advance(DAY - 1);
  expect(await front.collect({ interval: DAY })).toMatchObject({ done: false, early: true, repositories: 0 });
  advance(1);
  expect(await front.collect({ interval: DAY })).toMatchObject({ done: true, early: false });
});

test("a signal ends the visit in order, so that the next goes on", async () => {
  const { front, store } = await crowded();
  await expect(front.collect({ signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
  const abort = new AbortController();
  let lists = 0;
  const counting = {
    ...store,
    list: async (...given: Parameters<ObjectStore["list"]>) => {
      lists += 1;
      if (lists === 4) abort.abort(new Error("enough"));
      return await store.list(...given);
    },
  };
  await expect(createFront({ store: counting }).collect({ signal: abort.signal })).rejects.toThrow("enough");
  expect(lists).toBeLessThan(8);
  const report = await front.collect();
  expect(report).toMatchObject({ done: true, busy: false, repositories: 2, links: 1, uploads: 1 });
});

test("what the store fails with rejects, and a later visit goes on", async () => {
  const { store } = await crowded();
  let fails: unknown;
  const failing = {
    ...store,
    list: async (...given: Parameters<ObjectStore["list"]>) => {
      if (fails !== undefined && given[0].startsWith("repositories/")) throw fails;
      return await store.list(...given);
    },
  };
  const onError = vi.fn();
  const front = createFront({ store: failing, onError });
  for (const [error, code, told] of [
    [new StoreError("STORE_BUSY", "slow down"), "STORE_BUSY", 0],
    [new StoreError("STORE_UNAVAILABLE", "gone"), "STORE_UNAVAILABLE", 1],
    [new TypeError("a bug"), "STORE_UNAVAILABLE", 1],
  ] as const) {
    fails = error;
    onError.mockClear();
    const failure = await front.collect().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ code, cause: error });
    expect(onError).toHaveBeenCalledTimes(told);
  }
  fails = undefined;
  expect(await front.collect()).toMatchObject({ done: true, busy: false, links: 1 });
});

test.each([
  [{ budget: 0 }, "budget"],
  [{ pages: 1.5 }, "pages"],
  [{ pages: Number.POSITIVE_INFINITY }, "pages"],
  [{ operations: 0 }, "operations"],
  [{ interval: -1 }, "interval"],
  [{ wait: Number.NaN }, "wait"],
  [{ setBytes: 100 }, "setBytes"],
  [{ dryRun: 1 }, "dryRun"],
  [{ policies: {} }, "policies"],
  [{ policies: [null] }, "policy"],
  [{ policies: [{}] }, "repositories"],
  [{ policies: [{ repositories: "" }] }, "repositories"],
  [{ policies: [{ repositories: "**", keeptags: 1 }] }, "keeptags"],
  [{ policies: [{ repositories: "**", keepTags: -1 }] }, "keepTags"],
  [{ policies: [{ repositories: "**", keepDays: "1" }] }, "keepDays"],
  [{ policies: [{ repositories: "**", untagged: "yes" }] }, "untagged"],
])("options of other types or out of range are refused: %j", async (options, named) => {
  const { front, store } = await crowded();
  const failure = await front.collect(options as never).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(named) });
  expect((await store.list("gc/")).objects).toEqual([]);
});

test("a front of another registry has nothing to collect", () => {
  expect("collect" in createFront({ upstream: "https://registry.example" })).toBe(false);
});

test("counters count a run once, when it is over, and none that only looked", async () => {
  const { front } = await crowded();
  const metrics = createMetrics();
  expect(metrics.text()).not.toContain("collect");
  metrics.observeCollection(await front.collect({ dryRun: true }));
  metrics.observeCollection(await front.collect({ pages: 5 }));
  expect(metrics.text()).not.toContain("collect");
  metrics.observeCollection(await front.collect());
  metrics.observeCollection(await front.collect({ interval: DAY }));
  const text = metrics.text();
  expect(text).toContain('pierhead_collections_total{outcome="done"} 1\n');
  expect(text).toContain('pierhead_collected_total{what="uploads"} 1\n');
  expect(text).toContain("# TYPE pierhead_collected_bytes_total counter\npierhead_collected_bytes_total 5\n");
  expect(text).toContain("pierhead_damaged_records 0\n");
});

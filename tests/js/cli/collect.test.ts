/** `pierhead collect`, and the collections of `pierhead serve`, on folders that were filled days ago. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CollectOptions,
  type CollectReport,
  createFront,
  type HostingFront,
  type ObjectStore,
} from "pierhead/front";
import { fs } from "pierhead/stores/fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { keepCollecting } from "../../../dist/cli/serve/collecting.js";
import { DAY, layerOf, pushBlob, pushChunk, pushImage, sha256, status } from "../front/pushing.ts";
import { jsonLines, pierhead, problem, scratch, start, TIMEOUT } from "./run.ts";

afterEach(() => {
  vi.useRealTimers();
});

const cwd = await scratch();
/** A module by which the first minute that somebody waits is over at once. */
const SOONER = `data:text/javascript,${encodeURIComponent(`
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (act, time, ...rest) => {
    if (time === 60000) globalThis.setTimeout = setTimeout;
    return setTimeout(act, time === 60000 ? 10 : time, ...rest);
  };
`)}`;
let made = 0;

/** A module by which the person at the terminal gives up when the store is asked for the eighth time, which each time has a minute. */
const INTERRUPTED = `data:text/javascript,${encodeURIComponent(`
  const { setTimeout } = globalThis;
  let asked = 0;
  globalThis.setTimeout = (act, time, ...rest) => {
    if (time === 60000) asked += 1;
    if (time === 60000 && asked === 8) process.kill(process.pid, "SIGINT");
    return setTimeout(act, time, ...rest);
  };
`)}`;

/** A registry in a folder, as it was made some days ago. */
async function madeBefore(days: number, fill: (front: HostingFront, store: ObjectStore) => Promise<unknown>) {
  made += 1;
  const folder = join(cwd, `registry-${made}`);
  const store = fs(folder, { sync: false });
  const front = createFront({ store });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - days * DAY });
  await fill(front, store);
  vi.useRealTimers();
  return { folder, front };
}

async function crowd(front: HostingFront): Promise<void> {
  await pushImage(front, "team/app", "latest", "kept");
  await pushBlob(front, "team/app", "unused");
  await pushChunk(front, "team/app", "hello");
  for (const number of [1, 2, 3]) {
    await pushImage(front, "ci/build", `v${number}`, `build ${number}`);
    vi.setSystemTime(Date.now() + 60_000);
  }
}

const files = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((path) => /\.data$/.test(path));

describe("pierhead collect", TIMEOUT, () => {
  test("what nobody needs goes, and what went is printed", async () => {
    const { folder, front } = await madeBefore(3, crowd);
    const before = await files(folder);
    const { code, stdout, stderr } = await pierhead(["collect", folder]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      "2 repositories gone through\ngone: 1 upload, 1 object of bytes (5 B)\nleft a repository: 1 blob\ncondemned: 1 blob\n",
    );
    expect((await files(folder)).length).toBeLessThan(before.length);
    expect(await status(front, `team/app/blobs/${sha256("unused")}`)).toBe(404);
    expect(await layerOf(front, "team/app", "latest")).toBe("kept");
  });

  test("a dry run prints what would go, by policies, and nothing goes", async () => {
    const { folder, front } = await madeBefore(3, crowd);
    const policies = ["--policy", "ci/*,untagged,keep-tags=1", "--policy", "**,keep-days=1"];
    const looked = await pierhead(["collect", folder, "--dry-run", ...policies]);
    expect([looked.code, looked.stderr]).toEqual([0, ""]);
    expect(looked.stdout).toContain("would be gone: 3 tags, 2 manifests, 1 upload, ");
    expect(await layerOf(front, "ci/build", "v1")).toBe("build 1");
    const report = { done: true, dry: false, tags: 3, manifests: 2, uploads: 1, damaged: 0 };
    const swept = await pierhead(["collect", folder, "--json", ...policies]);
    expect(jsonLines(swept.stdout)).toMatchObject([report]);
    expect(await layerOf(front, "ci/build", "v1")).toBe(undefined);
    expect(await layerOf(front, "ci/build", "v3")).toBe("build 3");
    expect(await layerOf(front, "team/app", "latest")).toBe(undefined);
  });

  test("it works beside a front that serves the folder, which takes pushes all the while", async () => {
    const { folder, front } = await madeBefore(3, async (front) => {
      for (let number = 0; number < 20; number += 1) await pushImage(front, `r${number}`, "latest", `old ${number}`);
      for (let number = 0; number < 20; number += 1) await pushBlob(front, "loose", `loose ${number}`);
    });
    const collecting = pierhead(["collect", folder, "--json", "--policy", "r1*,untagged,keep-tags=0"]);
    let ended = false;
    const mark = () => {
      ended = true;
    };
    collecting.then(mark, mark);
    let pushed = 0;
    for (; !ended || pushed < 20; pushed += 1) {
      // The very bytes that go at this moment.
      await pushImage(front, "new", `v${pushed}`, pushed < 20 ? `loose ${pushed}` : `more ${pushed}`);
    }
    expect(jsonLines((await collecting).stdout)).toMatchObject([{ done: true, tags: 11, manifests: 11 }]);
    for (let number = 0; number < pushed; number += 1)
      expect(await layerOf(front, "new", `v${number}`)).toBe(number < 20 ? `loose ${number}` : `more ${number}`);
    expect(await layerOf(front, "r2", "latest")).toBe("old 2");
    expect(await layerOf(front, "r3", "latest")).toBe("old 3");
  });

  test("records that cannot be read are told of by the exit status", async () => {
    const { folder } = await madeBefore(3, async (front, store) => {
      const location = await pushChunk(front, "a", "hello");
      const id = location.split("/").at(-1)?.split("?")[0];
      await store.put(`uploads/${id}/at/0000000000000000`, new TextEncoder().encode("damaged"));
    });
    const { code, stdout, stderr } = await pierhead(["collect", folder]);
    expect([code, stdout]).toEqual([1, "0 repositories gone through\ngone: nothing\n"]);
    expect(stderr).toBe("pierhead: warning: 1 record cannot be read: all stays that they may need\n");
  });

  test("a collection that was cut off keeps others away for some minutes, and is gone on with then", async () => {
    const { folder, front } = await madeBefore(3, crowd);
    await front.collect({ pages: 3 });
    const hold = new TextEncoder().encode(`held-until ${Date.now() + 60_000}\n\n`);
    await fs(folder).put("gc/state/00000000000000ff", hold);
    const failed = await pierhead(["collect", folder]);
    expect(failed.code).toBe(2);
    expect(problem(failed)).toMatch(/: another collection is at it, or was cut off in the last ten minutes$/);
    await fs(folder).delete(["gc/state/00000000000000ff"]);
    expect((await pierhead(["collect", folder])).code).toBe(0);
  });

  test("a collection that is interrupted ends in order, and the next goes on", async () => {
    const { folder, front } = await madeBefore(3, crowd);
    const { process: child, ended } = start(["collect", folder], { env: { NODE_OPTIONS: `--import=${INTERRUPTED}` } });
    child.stdin.end();
    expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
    expect(await status(front, `team/app/blobs/${sha256("unused")}`)).toBe(200);
    const next = await pierhead(["collect", folder, "--json"]);
    expect(jsonLines(next.stdout)).toMatchObject([{ done: true, repositories: 2, links: 1, uploads: 1 }]);
  });

  test("a folder that is no registry's is left alone", async () => {
    const folder = join(cwd, "folder");
    await mkdir(folder);
    await writeFile(join(folder, "file"), "");
    for (const [name, code] of [
      [folder, 2],
      [join(folder, "none"), 2],
    ] as const) {
      const failed = await pierhead(["collect", name]);
      expect([failed.code, problem(failed)]).toEqual([code, `${name}: no registry is kept there`]);
    }
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test.each([
    ["", "begin with a pattern"],
    ["untagged=1", "begin with a pattern"],
    ["**,keep=1", '"keep=1" is none of'],
    ["**,keep-tags", '"keep-tags" is none of'],
    ["**,keep-days=x", "whole number"],
  ])("a policy that is none is refused: %j", async (policy, message) => {
    const { code, stderr } = await pierhead(["collect", "folder", "--policy", policy]);
    expect([code, stderr.includes(message)]).toEqual([2, true]);
  });
});

describe("pierhead serve", () => {
  const every = 3_600_000;

  test("collects soon after it was started, then each hour, and goes on at once with what is not done", async () => {
    vi.useFakeTimers();
    const times: number[] = [];
    const begun = Date.now();
    const reports = [{}, { done: true }, { early: true }, { busy: true }];
    const [onCollect, abort] = [vi.fn(), new AbortController()];
    const collect = vi.fn(async (_options: CollectOptions = {}) => {
      const report = reports[times.length] ?? { done: true };
      times.push(Math.floor((Date.now() - begun) / 60_000));
      return { done: false, busy: false, early: false, ...report } as CollectReport;
    });
    const policies = [{ repositories: "**", untagged: true }];
    const ended = keepCollecting(collect, { every, policies, onCollect }, console.error, abort.signal);
    await vi.advanceTimersByTimeAsync(200 * 60_000);
    expect(times).toEqual([1, 1, 61, 121, 122, 182]);
    for (const [options] of collect.mock.calls) expect(options).toMatchObject({ policies, interval: every * 0.9 });
    expect(onCollect).toHaveBeenCalledTimes(4);
    abort.abort();
    await ended;
  });

  test("a collection that fails is told of, and tried again in time", async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const onError = vi.fn();
    let calls = 0;
    const collect = async () => {
      calls += 1;
      throw new Error("the disk is on fire");
    };
    const ended = keepCollecting(collect, { every }, onError, abort.signal);
    await vi.advanceTimersByTimeAsync(122 * 60_000);
    expect([calls, onError.mock.calls.length]).toEqual([3, 3]);
    abort.abort();
    await ended;
    expect(calls).toBe(3);
  });

  test("it collects while it serves, counts and prints what it did, and ends in order", TIMEOUT, async () => {
    const { folder, front } = await madeBefore(3, crowd);
    const args = ["serve", "--store", folder, "--port", "0", "--log", "--policy", "ci/*,untagged,keep-tags=1"];
    const { process: child, ended } = start(args, { env: { NODE_OPTIONS: `--import=${SOONER}` } });
    let [said, printed] = ["", ""];
    child.stderr.on("data", (text) => {
      said += text;
    });
    child.stdout.on("data", (text) => {
      printed += text;
    });
    await expect.poll(() => printed, { timeout: 20_000 }).toContain("\n");
    expect(jsonLines(printed)).toMatchObject([{ operation: "collect", done: true, tags: 2, manifests: 2, uploads: 1 }]);
    expect(await layerOf(front, "ci/build", "v2")).toBe(undefined);
    expect(await layerOf(front, "ci/build", "v3")).toBe("build 3");
    const [, url] = /serving (\S+)\/v2\//.exec(said) ?? [];
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('pierhead_collections_total{outcome="done"} 1\n');
    expect(metrics).toContain('pierhead_collected_total{what="manifests"} 2\n');
    const again = await pierhead(["collect", folder, "--json"]);
    expect(jsonLines(again.stdout)).toMatchObject([{ done: true, tags: 0 }]);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test.each([
    [["--memory", "--collect", "0", "--policy", "**,untagged"], "--policy is of no use"],
    [["--memory", "--read-only", "--policy", "**,untagged"], "--policy is of no use"],
    [["--memory", "--read-only", "--collect", "60"], "give one of them"],
    [["--memory", "--collect", "soon"], "whole number"],
  ])("it does not start by options of collection that do not go together: %j", TIMEOUT, async (options, message) => {
    const { code, stderr } = await pierhead(["serve", ...options]);
    expect([code, stderr.includes(message)]).toEqual([2, true]);
  });
});

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ObjectStore, storeContract } from "pierhead/stores/contract";
import { fs } from "pierhead/stores/fs";
import { afterAll, describe, expect, test } from "vitest";

const WRITER = fileURLToPath(new URL("writer.mjs", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "pierhead-store-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function text(store: ObjectStore, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found && (await new Response(found.body).text());
}

async function keys(store: ObjectStore): Promise<string[]> {
  return (await store.list("")).objects.map(({ key }) => key);
}

/** All files of a kind that lie in a folder. */
function files(folder: string, ending: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile() && each.name.endsWith(ending))
    .map((each) => join(each.parentPath, each.name));
}

describe("the contract", () => {
  for (const { name, run } of storeContract(async () => fs(join(scratch, "contract"))))
    test(name, { timeout: 30_000 }, run);
});

describe("several processes", () => {
  test("that raise one counter lose nothing", { timeout: 60_000 }, async () => {
    const folder = join(scratch, "counter");
    const store = fs(folder);
    await store.put("n", bytes("0"));
    const [writers, times] = [4, 40];
    const children = Array.from({ length: writers }, () =>
      spawn(process.execPath, [WRITER, folder, "raise", "n", String(times)], { stdio: "inherit", timeout: 50_000 }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
    expect(codes).toEqual(Array.from({ length: writers }, () => 0));
    expect(await text(store, "n")).toBe(String(writers * times));
    expect(files(folder, ".data")).toHaveLength(1);
  });

  test("that are killed at any moment leave what they were told is there, whole, and nothing in the way", {
    timeout: 120_000,
  }, async () => {
    const folder = join(scratch, "killed");
    const watcher = fs(folder);
    const known = new Map<string, string | null>();
    for (let round = 0; round < 25; round += 1) {
      const begun = new Map<string, string | null>();
      const children = [0, 1].map((index) => {
        const args = [WRITER, folder, "churn", `w${index}`, String(round * 2 + index)];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: 30_000 });
        let said = "";
        child.stdout?.on("data", (chunk: Buffer) => {
          said += chunk.toString();
        });
        return {
          child,
          said: () => said,
          writes: once(child.stdout as Readable, "data"),
          closed: once(child, "close"),
        };
      });
      // However long they take to start, what is interrupted is their writing.
      await Promise.all(children.map(({ writes }) => writes));
      await wait(Math.random() * 250);
      for (const { child } of children) child.kill("SIGKILL");
      await Promise.all(children.map(({ closed }) => closed));
      for (const { said } of children) {
        for (const line of said().split("\n").slice(0, -1)) {
          const {
            key,
            begun: started,
            done,
          } = JSON.parse(line) as { key: string; begun?: string | null; done?: string | null };
          if (started !== undefined) begun.set(key, started);
          if (done === undefined) continue;
          known.set(key, done);
          begun.delete(key);
        }
      }
      // A process that was there all the time, and one that comes after the crash, see the same.
      for (const store of [watcher, fs(folder)]) {
        const listed = new Set(await keys(store));
        for (const key of new Set([...known.keys(), ...begun.keys()])) {
          const found = await text(store, key);
          const sha256 = found === undefined ? null : createHash("sha256").update(found).digest("hex");
          const allowed = begun.has(key) ? [known.get(key) ?? null, begun.get(key)] : [known.get(key)];
          expect(allowed, `round ${round}, ${key}`).toContain(sha256);
          expect(listed.has(key), `round ${round}, ${key} in the list`).toBe(sha256 !== null);
          // What was begun is decided now.
          known.set(key, sha256);
        }
      }
    }
    expect(known.size).toBeGreaterThan(10);
    await watcher.put("after", bytes("all"));
    await watcher.delete([...known.keys(), "after"]);
    expect(await keys(watcher)).toEqual([]);
  });
});

describe("leftovers", () => {
  test("of writers that were killed go in time, and those of writers that live stay", async () => {
    const folder = join(scratch, "leftovers");
    await fs(folder).put("a", bytes("content"));
    const [data = ""] = files(folder, ".data");
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    const left = (name: string, age?: Date) => {
      const path = join(data, "..", name);
      writeFileSync(path, "left");
      if (age !== undefined) utimesSync(path, age, age);
    };
    left("old.data", old);
    left("young.data");
    const temporary = join(folder, "temporary", `.pierhead-${"0".repeat(32)}.tmp`);
    mkdirSync(temporary);
    writeFileSync(join(temporary, "part"), "left");
    utimesSync(temporary, old, old);
    const store = fs(folder);
    await store.put("a", bytes("more"));
    expect(
      files(folder, ".data")
        .map((path) => readFileSync(path, "utf8"))
        .sort(),
    ).toEqual(["left", "morea"]);
    expect(readdirSync(join(folder, "temporary"))).toEqual([]);
    expect(await text(store, "a")).toBe("more");
  });

  test("a folder that has contents, but no object, is absent, and stands in nobody's way", async () => {
    const folder = join(scratch, "absent");
    const store = fs(folder);
    await store.put("a", bytes("content"));
    const [name = ""] = files(folder, ".now");
    rmSync(name);
    expect(await store.head("a")).toBeUndefined();
    expect(await keys(store)).toEqual([]);
    expect(await store.put("a", bytes("new"), { ifAbsent: true })).toBeDefined();
    expect(await text(store, "a")).toBe("new");
    expect(files(folder, ".data")).toHaveLength(1);
  });
});

describe("the index", () => {
  test("is made again from the objects when it is gone", async () => {
    const folder = join(scratch, "rebuilt");
    const before = fs(folder);
    const names = ["a", "a/b", "ä", "\u0000", "x".repeat(1024), '"\n'];
    for (const name of names) await before.put(name, bytes(`content of ${name}`));
    rmSync(join(folder, "index"), { recursive: true });
    const after = fs(folder);
    expect((await keys(after)).sort()).toEqual([...names].sort());
    for (const name of names) expect(await text(after, name)).toBe(`content of ${name}`);
  });

  test("survives half a line at its end", async () => {
    const folder = join(scratch, "torn");
    const store = fs(folder);
    for (const name of ["a", "b"]) await store.put(name, bytes(name));
    const log = join(folder, "index", "1");
    truncateSync(log, readFileSync(log).byteLength - 2);
    const other = fs(folder);
    await other.put("c", bytes("c"));
    await store.put("d", bytes("d"));
    expect(await keys(other)).toEqual(["a", "c", "d"]);
  });

  test("does not grow with what comes and goes, and loses nothing when it is made smaller, by whomever", {
    timeout: 60_000,
  }, async () => {
    const folder = join(scratch, "compacted");
    const stores = [fs(folder, { sync: false }), fs(folder, { sync: false })] as const;
    await stores[0].put("kept", bytes("kept"));
    const log = join(folder, "index", "1");
    // As many as would be after days.
    const line = (sign: string, index: number) =>
      `${sign}${(1).toString(36)}-${"0".repeat(32)} ${JSON.stringify(`k${index}`)}\n`;
    const past = Array.from({ length: 15_000 }, (_, index) => line("+", index) + line("-", index));
    writeFileSync(log, `${readFileSync(log, "utf8")}${past.join("")}`);
    const created: string[] = ["kept"];
    for (let round = 0; round < 40; round += 1) {
      const [one, other] = round % 2 === 0 ? stores : [stores[1], stores[0]];
      created.push(`n${String(round).padStart(2, "0")}`);
      await Promise.all([one.put(created.at(-1) as string, bytes("x")), other.list(""), one.list("")]);
      expect(await keys(other)).toEqual(created);
    }
    const logs = () => readdirSync(join(folder, "index")).filter((name) => name !== "whole");
    await expect.poll(() => logs().length).toBe(1);
    expect(logs().map((name) => readFileSync(join(folder, "index", name)).byteLength < 20_000)).toEqual([true]);
    expect(await keys(fs(folder))).toEqual(created);
  });
});

test("a folder of another format is refused, as is a path that is none", async () => {
  const folder = join(scratch, "other");
  mkdirSync(folder);
  writeFileSync(join(folder, "pierhead-store"), "2\n");
  await expect(fs(folder).head("a")).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
  expect(() => fs("")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  const file = join(scratch, "file");
  writeFileSync(file, "");
  await expect(fs(file).head("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("a file that was cut is an error, not a short object", async () => {
  const folder = join(scratch, "cut");
  const store = fs(folder);
  await store.put("a", bytes("content"));
  truncateSync(files(folder, ".data")[0] as string, 3);
  await expect(store.get("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

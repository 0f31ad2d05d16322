/** What a store in a folder does when the disk, or a clock, does what it should not. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fs } from "pierhead/stores/fs";
import type { ObjectStore } from "pierhead/stores/memory";
import { afterAll, afterEach, expect, test, vi } from "vitest";

/** The host's own, as the store asks for it. */
const host = process.getBuiltinModule("node:fs/promises");

const scratch = mkdtempSync(join(tmpdir(), "pierhead-store-faults-"));
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function text(store: ObjectStore, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found && (await new Response(found.body).text());
}

/** The contents that lie in a folder, the newest last. */
function contents(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && each.name.endsWith(".data"))
    .map((each) => join(each.parentPath, each.name));
  return found.sort((one, other) => statSync(one).mtimeMs - statSync(other).mtimeMs);
}

/** Has `before` run before each rename. */
function beforeRename(before: (from: string, to: string) => void): void {
  const { rename } = host;
  vi.spyOn(host, "rename").mockImplementation(async (from, to) => {
    before(String(from), String(to));
    await rename(from, to);
  });
}

test("a new folder is on the disk, with each above it, before anything is in it", async () => {
  const folder = join(scratch, "new", "deep", "store");
  const synced: string[] = [];
  const { open } = host;
  vi.spyOn(host, "open").mockImplementation(async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    const { sync } = handle;
    handle.sync = async () => {
      synced.push(String(path));
      await sync.call(handle);
    };
    return handle;
  });
  expect(await fs(folder).head("a")).toBeUndefined();
  const above = [folder, dirname(folder), join(scratch, "new"), scratch];
  expect(synced).toEqual(expect.arrayContaining(above));
  synced.length = 0;
  expect(await fs(folder, { sync: false }).head("a")).toBeUndefined();
  expect(synced).toEqual([]);
});

test.skipIf(process.platform === "win32")("nobody but whoever runs the store can come to what it keeps", async () => {
  const folder = join(scratch, "private");
  await fs(folder).put("a", bytes("secret"));
  for (const name of ["objects", "index", "temporary"])
    expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o700]);
});

test("an object whose content is gone is an error, whether it is read or the index made again", {
  timeout: 10_000,
}, async () => {
  const folder = join(scratch, "gone");
  const store = fs(folder);
  await store.put("a", bytes("content"));
  rmSync(contents(folder)[0] as string);
  await expect(store.get("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await store.put("b", bytes("content"));
  rmSync(join(folder, "index"), { recursive: true });
  expect((await fs(folder).list("")).objects.map(({ key }) => key)).toEqual(["b"]);
  await store.put("a", bytes("mended"));
  expect(await text(store, "a")).toBe("mended");
});

// A writer may be stopped for an hour between any two steps. What it wrote is then taken for abandoned by others.
test("a creation whose content others have removed is none, and says so", async () => {
  const folder = join(scratch, "created");
  const store = fs(folder);
  await store.put("other", bytes("other"));
  beforeRename((from) => {
    for (const content of contents(from)) rmSync(content);
  });
  await expect(store.put("a", bytes("content"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  vi.restoreAllMocks();
  expect(await store.head("a")).toBeUndefined();
  expect((await store.list("")).objects.map(({ key }) => key)).toEqual(["other"]);
  expect(await store.put("a", bytes("content"), { ifAbsent: true })).toBeDefined();
  expect(await text(store, "a")).toBe("content");
});

test("a replacement whose content others have removed leaves what was there, and says so", async () => {
  const folder = join(scratch, "replaced");
  const store = fs(folder);
  await store.put("a", bytes("before"));
  let isFirst = true;
  beforeRename((from, to) => {
    if (isFirst) rmSync(join(dirname(from), basename(to).replace(/\..*/, ".data")));
    isFirst = false;
  });
  await expect(store.put("a", bytes("after"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(await text(store, "a")).toBe("before");
  expect((await store.list("")).objects.map(({ key }) => key)).toEqual(["a"]);
  await store.put("a", bytes("after"));
  expect(await text(store, "a")).toBe("after");
});

/** Layouts in tar archives: what is written, and what is read back. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { validateLayout } from "pierhead";
import { openLayout, type ReadableLayout, readArchive, writeArchive } from "pierhead/layout";
import { describe, expect, test, vi } from "vitest";
import { archived, entriesOf } from "./archives.ts";
import {
  add,
  all,
  bytesOf,
  content,
  image,
  MANIFEST,
  pathsIn,
  plain,
  put,
  referrer,
  sha256,
  stream,
} from "./images.ts";
import { chunked, type Entry, pax, scratch, tar, zeros } from "./tar.ts";

const folder = await scratch();
let made = 0;
const fresh = () => join(folder, `archive-${made++}.tar`);

const one = image();
const oneArchive = await archived(async (layout) => {
  await add(layout, one, "1.0");
});

async function expectImage(layout: ReadableLayout): Promise<void> {
  const found = await layout.resolve("1.0");
  expect(found).toMatchObject(plain(one.manifest.descriptor));
  for (const { descriptor, bytes } of [one.manifest, ...one.blobs]) {
    expect(await layout.has(descriptor)).toBe(true);
    expect(await bytesOf(layout, descriptor)).toEqual(bytes);
  }
  expect(await layout.has({ ...one.manifest.descriptor, size: 1 })).toBe(false);
  expect(await layout.open(content("text/plain", "missing").descriptor)).toBeUndefined();
}

describe("an archive that was written", () => {
  test("is read from a Blob, a file, a stream, and all of these compressed", async () => {
    for (const bytes of [oneArchive, new Uint8Array(gzipSync(oneArchive))]) {
      const path = fresh();
      await writeFile(path, bytes);
      for (const source of [new Blob([bytes]), path, chunked(bytes)]) {
        const layout = await readArchive(source);
        await expectImage(layout);
        await layout.close();
      }
    }
  });

  test("is valid, and has the order in which it can be read while it comes", async () => {
    const layout = await readArchive(new Blob([oneArchive]));
    for await (const { report } of validateLayout(layout.files)) expect(report.issues).toEqual([]);
    const names = [
      ...Buffer.from(oneArchive)
        .toString("latin1")
        .matchAll(/(oci-layout|blobs\/sha256\/\w+|index\.json)\0/g),
    ];
    expect(names.map(([, name]) => name)).toEqual(entriesOf(one).map(({ name }) => name));
  });

  test("has the same bytes each time, and those that tar says are sound", async () => {
    expect(await archived(async (layout) => void (await add(layout, one, "1.0")))).toEqual(oneArchive);
    expect(oneArchive.byteLength % 512).toBe(0);
    const [first] = entriesOf(one);
    expect(Buffer.from(oneArchive.subarray(0, 1024))).toEqual(Buffer.from(tar([first as Entry]).subarray(0, 1024)));
  });

  test("is put under its name when it is complete, and not before", async () => {
    const path = fresh();
    const layout = await writeArchive(path);
    await add(layout, one, "1.0");
    expect(readdirSync(folder)).not.toContain(path.slice(folder.length + 1));
    await layout.close();
    expect(new Uint8Array(await readFile(path))).toEqual(oneArchive);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("knows what it has, holds each thing once, and cannot be read", async () => {
    const bytes = await archived(async (layout) => {
      expect(layout.sequential).toBe(true);
      expect(await layout.has(one.manifest.descriptor)).toBe(false);
      await add(layout, one, "1.0");
      const cancelled = vi.fn();
      await layout.put(one.manifest.descriptor, new ReadableStream({ cancel: cancelled }));
      expect(cancelled).toHaveBeenCalledOnce();
      expect(await layout.has(one.manifest.descriptor)).toBe(true);
      expect(await layout.resolve("1.0")).toMatchObject(plain(one.manifest.descriptor));
      expect(await layout.resolve()).toMatchObject(plain(one.manifest.descriptor));
      expect(await layout.manifests()).toHaveLength(1);
      await expect(layout.open(one.manifest.descriptor)).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
      await expect(all(layout.referrers(sha256("")))).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
      await expect(layout.tag(content(MANIFEST, "{}").descriptor)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });
    expect(bytes).toEqual(oneArchive);
  });

  test("holds what is put at once, one after the other", async () => {
    const texts = Array.from({ length: 20 }, (_, index) => content("text/plain", "x".repeat(index * 100)));
    const bytes = await archived(async (layout) => {
      await Promise.all(texts.map(({ descriptor, bytes }) => layout.put(descriptor, chunked(bytes, 300))));
    });
    const layout = await readArchive(new Blob([bytes]));
    for (const { descriptor, bytes } of texts) expect(await bytesOf(layout, descriptor)).toEqual(bytes);
  });

  test("has names that are too long for its headers", async () => {
    const { descriptor, bytes } = content("text/plain", "abc");
    const digest = `sha512:${(await import("node:crypto")).createHash("sha512").update(bytes).digest("hex")}`;
    const long = { ...descriptor, digest };
    const archive = await archived((layout) => layout.put(long, stream(bytes)));
    expect(await bytesOf(await readArchive(new Blob([archive])), long)).toEqual(bytes);
  });

  test("has referrers, entered without a name", async () => {
    const sbom = referrer(one.manifest.descriptor, "a bill");
    const bytes = await archived(async (layout) => {
      await add(layout, one, "1.0");
      await add(layout, sbom);
    });
    const layout = await readArchive(new Blob([bytes]));
    expect(await all(layout.referrers(one.manifest.descriptor.digest))).toMatchObject([
      plain(sbom.manifest.descriptor),
    ]);
  });
});

describe("an archive that fails", () => {
  const { descriptor } = content("text/plain", "what was meant");
  const wrong = () => chunked(new TextEncoder().encode("what was m3ant"), 5);

  test("in the middle of a blob fails its sink, and all that follows", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const read = new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
    read.catch(() => {});
    const layout = await writeArchive(writable);
    await expect(layout.put(descriptor, wrong())).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(read).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(put(layout, content("text/plain", "abc"))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(layout.close()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  test("leaves no file", async () => {
    const path = fresh();
    const broken = await writeArchive(path);
    await expect(broken.put(descriptor, wrong())).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(broken.close()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    const given = await writeArchive(path);
    await add(given, one);
    await given.abort(new Error("enough"));
    await expect(given.close()).rejects.toThrow("enough");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp") || path.endsWith(name))).toEqual([]);
  });

  test("before the first byte of a blob goes on", async () => {
    const failing = () =>
      new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("gone")) });
    const bytes = await archived(async (layout) => {
      await expect(layout.put(descriptor, failing())).rejects.toMatchObject({ code: "CONNECTION_LOST" });
      await expect(layout.put({ ...descriptor, digest: "x" }, wrong())).rejects.toMatchObject({
        code: "INVALID_DIGEST",
      });
      await add(layout, one, "1.0");
    });
    expect(bytes).toEqual(oneArchive);
  });

  test("with its sink is told to whoever puts", async () => {
    const full = new WritableStream({
      write: (chunk: Uint8Array) => (chunk.byteLength === 512 ? undefined : Promise.reject(new Error("disk full"))),
    });
    await expect(writeArchive(full)).rejects.toThrow("disk full");
  });

  test("does not make others wait for their turn longer than they want", async () => {
    const layout = await writeArchive(new WritableStream());
    const controller = new AbortController();
    const stalled = layout.put(descriptor, new ReadableStream(), { signal: controller.signal });
    const reason = new Error("enough");
    const cancelled = vi.fn();
    const waiting = new ReadableStream<Uint8Array>({ cancel: cancelled });
    const signal = AbortSignal.timeout(20);
    await expect(layout.put(descriptor, waiting, { signal })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(cancelled).toHaveBeenCalledOnce();
    controller.abort(reason);
    await expect(stalled).rejects.toBe(reason);
    // Nothing of either was written.
    await add(layout, one, "1.0");
    await layout.close();
  });

  test("is given up by a signal", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const read = new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
    read.catch(() => {});
    const layout = await writeArchive(writable);
    const controller = new AbortController();
    const endless = new ReadableStream<Uint8Array>({ start: (sink) => sink.enqueue(new Uint8Array(4)) });
    const reason = new Error("enough");
    const done = layout.put(descriptor, endless, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(done).rejects.toBe(reason);
    await expect(read).rejects.toBe(reason);
  });
});

describe("archives as others write them are read", () => {
  const plainEntries = entriesOf(one);
  const blob = plainEntries[1] as Entry & { name: string };
  const dots = plainEntries.map((entry) => ({ ...entry, name: `./${entry.name}` }));
  const folders = ["./", "blobs/", "./blobs/sha256/", "blobs/"].map((name) => ({ name, type: "5" }));
  const base256 = Buffer.alloc(12);
  base256[0] = 0x80;
  base256.writeUInt32BE((blob.content as Uint8Array).byteLength, 8);
  const instead = (entry: Entry, ...before: Entry[]) =>
    plainEntries.flatMap((other) => (other === blob ? [...before, entry] : [other]));

  test.each<[string, Entry[]]>([
    ["with dots", dots],
    ["with folders", [...folders, ...plainEntries]],
    ["in another order", [...plainEntries].reverse()],
    ["by tar of the seventies", plainEntries.map((entry) => ({ ...entry, magic: "", type: "\0" }))],
    ["by GNU tar", plainEntries.map((entry) => ({ ...entry, magic: "ustar  ", prefix: "nothing" }))],
    ["with sizes in base 256", instead({ ...blob, size: base256 })],
    [
      "with spaces around sizes",
      instead({ ...blob, size: `  ${(blob.content as Uint8Array).byteLength.toString(8)} \0` }),
    ],
    ["with names in two pieces", instead({ ...blob, name: blob.name.slice(13), prefix: "blobs/sha256" })],
    [
      "with extended headers",
      instead(
        { ...blob, name: "x", size: 0 },
        pax({ path: blob.name, size: String((blob.content as Uint8Array).byteLength), mtime: "1.5" }),
      ),
    ],
    [
      "with long names of GNU",
      instead({ ...blob, name: "x" }, { name: "././@LongLink", type: "L", content: `${blob.name}\0` }),
    ],
    ["with a comment for all", [pax({ comment: "abc" }, "g"), ...plainEntries]],
    [
      "with files of other kinds",
      [...plainEntries, { name: "manifest.json", content: "[]" }, { name: "repositories", content: "{}" }],
    ],
    ["with links elsewhere", [...plainEntries, { name: "other", type: "2", link: "../../etc/passwd" }]],
  ])("%s", async (_, entries) => {
    await expectImage(await readArchive(new Blob([tar(entries)])));
  });

  test("padded to whole records, with one block of zeros, or with anything behind the end", async () => {
    for (const end of [1, 2, 20]) await expectImage(await readArchive(new Blob([tar(plainEntries, end)])));
    await expectImage(await readArchive(new Blob([tar(plainEntries, 2), "and more"])));
  });

  test("and their files are listed as a folder's are", async () => {
    const { files } = await readArchive(new Blob([tar([...folders, ...plainEntries, { name: "x", content: "" }])]));
    const names = plainEntries.map(({ name }) => name).filter((name) => name.startsWith("blobs/"));
    expect(await pathsIn(files)).toEqual(names.sort());
    const bare = await readArchive(new Blob([tar([plainEntries[0] as Entry])]));
    expect(await bare.files.list?.("blobs")).toBeUndefined();
  });
});

test("an archive that was read is not written to", async () => {
  const layout = await readArchive(new Blob([oneArchive]));
  const cancelled = vi.fn();
  const { descriptor } = content("text/plain", "abc");
  await expect(layout.put(descriptor, new ReadableStream({ cancel: cancelled }))).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
  });
  expect(cancelled).toHaveBeenCalledOnce();
  await expect(layout.tag(descriptor)).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
});

test("without a file system, streams are spooled to memory, up to a limit", async () => {
  vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
  try {
    await expectImage(await readArchive(chunked(oneArchive)));
    await expectImage(await readArchive(chunked(new Uint8Array(gzipSync(oneArchive)))));
    await expect(readArchive(zeros(65 * 1024 * 1024))).rejects.toMatchObject({ code: "SPOOL_LIMIT" });
    await expect(readArchive("a.tar")).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
    await expect(writeArchive("a.tar")).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
  } finally {
    vi.unstubAllGlobals();
  }
});

test("a blob of nine gibibytes is found where it is, and what follows it", async () => {
  const path = fresh();
  const size = 9 * 1024 ** 3;
  const { descriptor } = content("text/plain", "x");
  const large = { ...descriptor, size };
  const [before, after] = [
    tar([header(), pax({ size: String(size) }), { name: `blobs/${descriptor.digest.replace(":", "/")}` }], 0),
    tar([{ name: "index.json", content: '{"schemaVersion":2,"manifests":[]}' }]),
  ];
  const file = await open(path, "w");
  await file.write(before);
  await file.write(after, 0, after.byteLength, before.byteLength + size);
  await file.close();
  // It is sparse.
  expect(statSync(path).blocks * 512).toBeLessThan(1024 * 1024);
  const layout = await readArchive(path);
  expect(await layout.has(large)).toBe(true);
  expect(await layout.manifests()).toEqual([]);
  const reader = (await layout.open(large))?.getReader();
  expect((await reader?.read())?.value?.byteLength).toBeGreaterThan(0);
  await reader?.cancel();
  await layout.close();
});

function header(): Entry {
  return { name: "oci-layout", content: readFileSync(new URL("../../fixtures/layout/oci-layout", import.meta.url)) };
}

test("a layout in a folder is copied into an archive, blob by blob", async () => {
  const source = await openLayout(join(folder, "source"), { create: true });
  await add(source, one, "1.0");
  const bytes = await archived(async (target) => {
    for (const { descriptor } of [...one.blobs, one.manifest]) {
      const opened = await source.open(descriptor);
      if (opened !== undefined) await target.put(descriptor, opened);
    }
    await target.tag(one.manifest.descriptor, "1.0");
  });
  expect(bytes).toEqual(oneArchive);
});

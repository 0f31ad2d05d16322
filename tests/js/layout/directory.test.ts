/** Layouts in folders: what is written, when it appears, and what is left of what fails. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { cp, mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OciError, validateLayout, verifyStream } from "pierhead";
import { LayoutError, layoutFiles, openLayout } from "pierhead/layout";
import { describe, expect, test, vi } from "vitest";
import { fixtureLayout } from "../../support/layout.mjs";
import { add, all, bytesOf, content, INDEX, image, put, REF_NAME, sha256, stream } from "./images.ts";
import { chunked, scratch } from "./tar.ts";

const folder = await scratch();
let made = 0;
const fresh = () => join(folder, `layout-${made++}`);
const create = (path = fresh()) => openLayout(path, { create: true }).then((layout) => ({ layout, path }));

/** The files of a layout that are not what it is made of. */
function strays(path: string): string[] {
  return readdirSync(path).filter((name) => !["blobs", "index.json", "oci-layout"].includes(name));
}

function blobFile(path: string, digest: string): string {
  return join(path, "blobs", ...digest.split(":"));
}

async function findings(path: string): Promise<string[]> {
  const reports = await all(validateLayout(layoutFiles(path)));
  return reports.flatMap(({ report }) => report.issues.map(({ rule }) => rule));
}

describe("a layout is opened", () => {
  test("only where there is one", async () => {
    await mkdir(join(folder, "empty"));
    await expect(openLayout(join(folder, "empty"))).rejects.toMatchObject({ code: "INVALID_LAYOUT" });
    await expect(openLayout(join(folder, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("only of the version that there is", async () => {
    for (const header of ["{}", '{"imageLayoutVersion":"2.0.0"}', "null", "x"]) {
      const path = join(folder, `version-${made++}`);
      await mkdir(path);
      await writeFile(join(path, "oci-layout"), header);
      await expect(openLayout(path), header).rejects.toBeInstanceOf(LayoutError);
    }
  });

  test("and made where there is none, valid from the start", async () => {
    const { path } = await create();
    expect(readFileSync(join(path, "oci-layout"), "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(JSON.parse(readFileSync(join(path, "index.json"), "utf8"))).toEqual({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [],
    });
    expect(await findings(path)).toEqual([]);
    expect(strays(path)).toEqual([]);
  });

  test("and left as it is where there is one", async () => {
    const path = fresh();
    await cp(fixtureLayout, path, { recursive: true });
    const before = readFileSync(join(path, "index.json"));
    const { layout } = await create(path);
    expect(readFileSync(join(path, "index.json"))).toEqual(before);
    expect(await layout.resolve("1.0")).toEqual(await layout.resolve());
  });

  test("but not on a host without a file system", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    try {
      await expect(openLayout(folder)).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
      expect(() => layoutFiles(folder)).toThrow(LayoutError);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("content is put", () => {
  test("and read as it was", async () => {
    const { layout, path } = await create();
    const one = image();
    await add(layout, one, "1.0");
    for (const { descriptor, bytes } of [one.manifest, ...one.blobs]) {
      expect(await layout.has(descriptor)).toBe(true);
      expect(await bytesOf(layout, descriptor)).toEqual(bytes);
    }
    expect(await findings(path)).toEqual([]);
    expect(strays(path)).toEqual([]);
    expect(statSync(blobFile(path, one.manifest.descriptor.digest)).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  test("by each digest that can be verified", async () => {
    const { layout } = await create();
    const { descriptor, bytes } = content("text/plain", "abc");
    const sha512 = `sha512:${(await import("node:crypto")).createHash("sha512").update(bytes).digest("hex")}`;
    await layout.put({ ...descriptor, digest: sha512 }, stream(bytes));
    expect(await bytesOf(layout, { ...descriptor, digest: sha512 })).toEqual(bytes);
    await expect(layout.put({ ...descriptor, digest: "md5:abc" }, stream(bytes))).rejects.toMatchObject({
      code: "UNSUPPORTED_ALGORITHM",
    });
  });

  test("with progress, byte by byte", async () => {
    const { layout } = await create();
    const { descriptor, bytes } = content("text/plain", "x".repeat(2500));
    const seen: number[] = [];
    const onProgress = vi.fn(({ bytes }: { bytes: number }) => seen.push(bytes));
    await layout.put(descriptor, chunked(bytes), { onProgress });
    expect(seen).toEqual([1000, 2000, 2500]);
    expect(onProgress).toHaveBeenLastCalledWith({ digest: descriptor.digest, bytes: 2500, total: 2500 });
  });

  const { descriptor, bytes } = content("text/plain", "what was meant");
  test.each([
    ["DIGEST_MISMATCH", "what was m3ant", {}],
    ["SIZE_MISMATCH", "what was meant, and more", {}],
    ["BODY_TRUNCATED", "what was", {}],
    ["SIZE_MISMATCH", "what was meant, and more", { verified: true }],
    ["BODY_TRUNCATED", "what was", { verified: true }],
  ])("and leaves nothing where that fails: %s", async (code, text, options) => {
    const { layout, path } = await create();
    await expect(layout.put(descriptor, stream(Buffer.from(text)), options)).rejects.toMatchObject({ code });
    expect(await layout.has(descriptor)).toBe(false);
    expect(existsSync(blobFile(path, descriptor.digest))).toBe(false);
    expect(strays(path)).toEqual([]);
  });

  test("is hashed once where it is verified already", async () => {
    const { layout } = await create();
    const wrong = { ...descriptor, digest: sha256("another") };
    await layout.put(wrong, stream(bytes), { verified: true });
    expect(await layout.has(wrong)).toBe(true);
  });

  test("and given up by its signal, at once", async () => {
    const { layout, path } = await create();
    const cancelled = vi.fn();
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.subarray(0, 4)),
      cancel: cancelled,
    });
    const controller = new AbortController();
    const reason = new Error("enough");
    const done = layout.put(descriptor, endless, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(done).rejects.toBe(reason);
    expect(cancelled).toHaveBeenCalledOnce();
    expect(strays(path)).toEqual([]);

    const late = new ReadableStream<Uint8Array>({ cancel: cancelled });
    await expect(layout.put(descriptor, late, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(cancelled).toHaveBeenCalledTimes(2);
  });

  test("never over what is right, which then is all that is read", async () => {
    const { layout, path } = await create();
    await layout.put(descriptor, stream(bytes));
    const before = statSync(blobFile(path, descriptor.digest));
    const cancelled = vi.fn();
    await layout.put(descriptor, new ReadableStream({ cancel: cancelled }));
    expect(cancelled).toHaveBeenCalledOnce();
    expect(statSync(blobFile(path, descriptor.digest))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  test("over what is wrong, though of the right size", async () => {
    const { layout, path } = await create();
    await layout.put(descriptor, stream(bytes));
    await writeFile(blobFile(path, descriptor.digest), "what was m3ant");
    await layout.put(descriptor, stream(bytes));
    expect(await bytesOf(layout, descriptor)).toEqual(bytes);
    await writeFile(blobFile(path, descriptor.digest), "short");
    expect(await layout.has(descriptor)).toBe(false);
    await layout.put(descriptor, stream(bytes));
    expect(await bytesOf(layout, descriptor)).toEqual(bytes);
  });

  test.each(["sha256:../../../../etc/passwd", "../x:abc", "sha256", "", "sha256:"])(
    "nowhere by what is no digest: %j",
    async (digest) => {
      const { layout, path } = await create();
      const cancelled = vi.fn();
      const wrong = { ...descriptor, digest };
      await expect(layout.put(wrong, new ReadableStream({ cancel: cancelled }))).rejects.toMatchObject({
        code: "INVALID_DIGEST",
      });
      expect(cancelled).toHaveBeenCalledOnce();
      await expect(layout.open(wrong)).rejects.toBeInstanceOf(OciError);
      await expect(layout.has(wrong)).rejects.toBeInstanceOf(OciError);
      expect(strays(path)).toEqual([]);
    },
  );

  test("many at once", async () => {
    const { layout, path } = await create();
    const texts = Array.from({ length: 50 }, (_, index) => content("text/plain", `text ${index % 40}`));
    await Promise.all(texts.map((text) => put(layout, text)));
    for (const text of texts) expect(await layout.has(text.descriptor)).toBe(true);
    expect(strays(path)).toEqual([]);
  });
});

describe("links", () => {
  const { descriptor, bytes } = content("text/plain", "abc");

  test.each(["blobs", "blobs/sha256"])("that lead out of the layout are not written through: %s", async (name) => {
    const { path } = await create();
    const outside = join(folder, `outside-${made++}`);
    await mkdir(outside);
    await rm(join(path, name), { recursive: true, force: true });
    await symlink(outside, join(path, name));
    const layout = await openLayout(path);
    await expect(layout.put(descriptor, stream(bytes))).rejects.toMatchObject({ code: "INVALID_LAYOUT" });
    expect(readdirSync(outside)).toEqual([]);
    expect(strays(path)).toEqual([]);
  });

  test("in place of index.json, or of a blob, are replaced, and what they lead to stays", async () => {
    const { layout, path } = await create();
    const outside = join(folder, `outside-${made++}`);
    await mkdir(outside);
    const index = readFileSync(join(path, "index.json"));
    await writeFile(join(outside, "index.json"), index);
    await writeFile(join(outside, "blob"), "xyz");
    await rm(join(path, "index.json"));
    await symlink(join(outside, "index.json"), join(path, "index.json"));
    await mkdir(join(path, "blobs", "sha256"), { recursive: true });
    await symlink(join(outside, "blob"), blobFile(path, descriptor.digest));
    await put(layout, { descriptor, bytes });
    await add(layout, image(), "1.0");
    expect(readFileSync(join(outside, "index.json"))).toEqual(index);
    expect(readFileSync(join(outside, "blob"), "utf8")).toBe("xyz");
    expect(await bytesOf(layout, descriptor)).toEqual(bytes);
    expect(await layout.resolve("1.0")).toBeDefined();
  });

  test("to the layout itself are followed", async () => {
    const { path } = await create();
    await symlink(path, `${path}-link`);
    const layout = await openLayout(`${path}-link`);
    await put(layout, { descriptor, bytes });
    expect(existsSync(blobFile(path, descriptor.digest))).toBe(true);
  });
});

describe("what killed processes have left", () => {
  const left = [`.pierhead-${"0a".repeat(16)}.tmp`, `index.json.lock.${"0a".repeat(16)}`];
  const other = [".pierhead-x.tmp", "notes.tmp", `.pierhead-${"0a".repeat(16)}.tmp2`];

  test("is removed when it is old, and nothing else", async () => {
    const { layout, path } = await create();
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of [...left, ...other]) {
      await writeFile(join(path, name), "");
      await utimes(join(path, name), old, old);
    }
    await put(layout, content("text/plain", "abc"));
    expect(strays(path).sort()).toEqual([...other].sort());
  });

  test("stays while somebody may still be writing it", async () => {
    const { layout, path } = await create();
    for (const name of left) await writeFile(join(path, name), "");
    await put(layout, content("text/plain", "abc"));
    expect(strays(path).sort()).toEqual([...left].sort());
  });
});

test("a verified stream that fails at its end leaves nothing", async () => {
  const { layout, path } = await create();
  const { descriptor } = content("text/plain", "abc");
  const bad = verifyStream(stream(Buffer.from("abd")), descriptor);
  await expect(layout.put(descriptor, bad, { verified: true })).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  expect(await layout.has(descriptor)).toBe(false);
  expect(strays(path)).toEqual([]);
});

test("index.json that is too large is not read", async () => {
  const { layout, path } = await create();
  const index = await readFile(join(path, "index.json"), "utf8");
  await writeFile(join(path, "index.json"), index + " ".repeat(8 * 1024 * 1024));
  await expect(layout.manifests()).rejects.toMatchObject({ code: "TOO_LARGE" });
  await put(layout, content("text/plain", "abc"));
  const { descriptor } = content("text/plain", "abc");
  await expect(layout.tag(descriptor, REF_NAME)).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(strays(path)).toEqual([]);
});

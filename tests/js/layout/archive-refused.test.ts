/** Tar archives that are no layouts, or attack whoever reads them. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LayoutError, readArchive } from "pierhead/layout";
import { describe, expect, test } from "vitest";
import { archived, entriesOf } from "./archives.ts";
import { add, image } from "./images.ts";
import { chunked, type Entry, pax, scratch, tar, zeros } from "./tar.ts";

const folder = await scratch();
const one = image();
const oneArchive = await archived(async (layout) => {
  await add(layout, one, "1.0");
});

describe("an archive is refused", () => {
  const good = entriesOf(one);
  const [header] = good as [Entry, ...Entry[]];
  const pick = (name: string) => good.find((entry) => entry.name === name) as Entry;
  const bomb: Entry = { name: "pax", type: "x", content: "x".repeat(2 * 1024 * 1024) };
  const negative = Buffer.alloc(12, 0xff);
  const huge = Buffer.alloc(12, 0x7f);
  huge[0] = 0x80;

  test.each<[string, Entry[], RegExp]>([
    ["with a name that leads out of it", [...good, { name: "../evil", content: "x" }], /leads out/],
    ["with such a name in the middle", [...good, { name: "blobs/sha256/../../../evil", content: "x" }], /leads out/],
    ["with an absolute name", [...good, { name: "/etc/passwd", content: "x" }], /leads out/],
    [
      "with such a name in an extended header",
      [...good, pax({ path: "../evil" }), { name: "a", content: "x" }],
      /leads out/,
    ],
    ["with a NUL in a name", [...good, pax({ path: "a\0b" }), { name: "a", content: "x" }], /leads out/],
    [
      "whose oci-layout is a link",
      [{ name: "oci-layout", type: "2", link: "index.json" }, ...good.slice(1)],
      /is a link/,
    ],
    ["whose index is a link", [header, { name: "index.json", type: "2", link: "/etc/passwd" }], /is a link/],
    ["with a hard link for a blob", [...good, { name: "blobs/sha256/a", type: "1", link: "index.json" }], /is a link/],
    [
      "with a link for the blobs",
      [header, pick("index.json"), { name: "blobs", type: "2", link: "/etc" }],
      /is a link/,
    ],
    ["with a link that has content", [...good, { name: "a", type: "2", link: "b", content: "x" }], /has content/],
    ...["3", "4", "6", "S", "V", "Z"].map((type): [string, Entry[], RegExp] => [
      `with an entry of type ${type}`,
      [...good, { name: "dev", type }],
      /device/,
    ]),
    ["with two files of a name", [...good, header], /twice/],
    ["with two files of a name that is written in two ways", [...good, { ...header, name: ".//oci-layout" }], /twice/],
    ["with a file that is a folder too", [...good, { name: "oci-layout/", type: "5" }], /twice/],
    ["with a size beyond its end", [...good, { name: "a", size: 1_000_000 }], /cut/],
    ["with a size that is no number", [...good, { name: "a", size: "99999999999" }], /none/],
    ["with a negative size", [...good, { name: "a", size: negative }], /too large/],
    ["with a size that nobody can count", [...good, { name: "a", size: huge }], /too large/],
    ["with such a size in an extended header", [...good, pax({ size: "9".repeat(16) }), { name: "a" }], /no number/],
    ["with a size that is no number there", [...good, pax({ size: "-1" }), { name: "a" }], /no number/],
    ["with a sparse file", [...good, pax({ "GNU.sparse.major": "1" }), { name: "a" }], /sparse/],
    ["with a name for all", [pax({ path: "oci-layout" }, "g"), ...good], /all entries/],
    ["with an extended header of megabytes", [...good, bomb, { name: "a" }], /extended header of more/],
    [
      "with an extended header that is none",
      [...good, { name: "p", type: "x", content: "11 path=evil" }, { name: "a" }],
      /extended/,
    ],
    [
      "with a record that is too long",
      [...good, { name: "p", type: "x", content: "99 path=a\n" }, { name: "a" }],
      /extended/,
    ],
    [
      "with a record of no length",
      [...good, { name: "p", type: "x", content: "0 path=a\n" }, { name: "a" }],
      /extended/,
    ],
    ["with a wrong checksum", [...good, { name: "a", checksum: 1 }], /checksum/],
    ["with a file that has no name", [...good, { name: "", content: "x" }], /no name/],
    [
      "with a name that is not UTF-8",
      [...good, { name: "p", type: "x", content: Buffer.from("11 path=\xff\xff\n", "latin1") }, { name: "a" }],
      /UTF-8/,
    ],
  ])("%s", async (_, entries, message) => {
    const failed = readArchive(new Blob([tar(entries)]));
    await expect(failed).rejects.toBeInstanceOf(LayoutError);
    await expect(failed).rejects.toMatchObject({ code: "INVALID_ARCHIVE", message: expect.stringMatching(message) });
  });

  test("wherever it is cut", async () => {
    const bytes = tar(good, 0);
    for (let end = 0; end <= bytes.byteLength; end += 256) {
      const failed = readArchive(new Blob([bytes.slice(0, end)]));
      await expect(failed, `after ${end} bytes`).rejects.toMatchObject({ code: "INVALID_ARCHIVE" });
    }
  });

  test("that is none", async () => {
    const noise = new Blob(["not a tar".repeat(1000)]);
    await expect(readArchive(noise)).rejects.toMatchObject({ code: "INVALID_ARCHIVE" });
    await expect(readArchive(new Blob([tar([{ name: "a", content: "b" }])]))).rejects.toMatchObject({
      code: "INVALID_LAYOUT",
    });
    await expect(readArchive(new Blob([tar([{ ...header, content: "{}" }])]))).rejects.toMatchObject({
      code: "INVALID_LAYOUT",
    });
    await expect(readArchive(folder)).rejects.toMatchObject({ code: "INVALID_ARCHIVE" });
    await expect(readArchive(join(folder, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(readArchive(new Blob([tar([header])])).then((layout) => layout.manifests())).rejects.toMatchObject({
      code: "INVALID_LAYOUT",
    });
  });

  test("with more headers than any image has", async () => {
    const block = tar([{ name: "blobs/", type: "5" }], 0);
    const many = new Blob([new Uint8Array(Buffer.alloc(200_001 * block.byteLength, block))]);
    const failed = readArchive(many);
    await expect(failed).rejects.toMatchObject({ code: "INVALID_ARCHIVE", message: "more than 200000 headers" });
  }, 30_000);

  test("whose gzip is broken or cut", async () => {
    const bytes = gzipSync(oneArchive);
    for (const broken of [bytes.subarray(0, 100), Buffer.concat([bytes.subarray(0, 100), bytes.subarray(120)])]) {
      const failed = readArchive(new Blob([new Uint8Array(broken)]));
      await expect(failed).rejects.toMatchObject({ code: "INVALID_ARCHIVE" });
    }
  });

  test("that unpacks to more than is allowed", async () => {
    const packed = new CompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>;
    const bomb = zeros(64 * 1024 * 1024).pipeThrough(packed);
    await expect(readArchive(bomb, { spoolLimit: 1024 * 1024 })).rejects.toMatchObject({ code: "SPOOL_LIMIT" });
    await expect(readArchive(zeros(2048), { spoolLimit: 1024 })).rejects.toMatchObject({ code: "SPOOL_LIMIT" });
    await expect(readArchive(zeros(2048), { spoolLimit: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("by its signal", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    for (const source of [new Blob([oneArchive]), chunked(oneArchive)]) {
      await expect(readArchive(source, { signal })).rejects.toBe(reason);
    }
    const controller = new AbortController();
    const silent = new ReadableStream<Uint8Array>();
    setTimeout(() => controller.abort(reason), 20);
    await expect(readArchive(silent, { signal: controller.signal })).rejects.toBe(reason);
  });
});

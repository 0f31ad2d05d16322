/** How manifests are entered into `index.json`, and found by their names. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageLayout, LayoutError, openLayout } from "pierhead/layout";
import { describe, expect, test } from "vitest";
import { add, all, content, INDEX, image, MANIFEST, plain, put, REF_NAME } from "./images.ts";
import { scratch } from "./tar.ts";

const folder = await scratch();
let made = 0;

const [one, two, three] = [image("one"), image("two"), image("three")];
const d = [one, two, three].map(({ manifest }) => manifest.descriptor);
const [d1, d2, d3] = d as [(typeof d)[0] & {}, (typeof d)[0] & {}, (typeof d)[0] & {}];

/** A layout that has three images, and this index. */
async function layoutWith(index: string | object): Promise<{ layout: ImageLayout; index: () => string }> {
  const path = join(folder, `layout-${made++}`);
  const layout = await openLayout(path, { create: true });
  for (const { manifest, blobs } of [one, two, three]) await put(layout, ...blobs, manifest);
  await writeFile(join(path, "index.json"), typeof index === "string" ? index : JSON.stringify(index));
  return { layout, index: () => readFileSync(join(path, "index.json"), "utf8") };
}

function entry(descriptor: object, name?: string, more: object = {}) {
  const { mediaType, digest, size } = descriptor as typeof d1;
  return { mediaType, digest, size, ...more, ...(name !== undefined && { annotations: { [REF_NAME]: name } }) };
}

const indexOf = (...manifests: object[]) => ({ schemaVersion: 2, mediaType: INDEX, manifests });

describe("a manifest is entered", () => {
  test.each<[string, object[], Parameters<ImageLayout["tag"]>, object[]]>([
    ["by a name", [], [d1, "1.0"], [entry(d1, "1.0")]],
    ["without one", [], [d1], [entry(d1)]],
    ["behind what is there", [entry(d2, "a")], [d1, "b"], [entry(d2, "a"), entry(d1, "b")]],
    ["once, where it is there", [entry(d1, "a")], [d1, "a"], [entry(d1, "a")]],
    ["once, where it is there by any name", [entry(d1, "a")], [d1], [entry(d1, "a")]],
    ["by two names", [entry(d1, "a")], [d1, "b"], [entry(d1, "a"), entry(d1, "b")]],
    ["by a name that it has not had, in its place", [entry(d1), entry(d2)], [d1, "a"], [entry(d1, "a"), entry(d2)]],
    [
      "by a name that another had",
      [entry(d1, "a"), entry(d2, "b")],
      [d3, "a"],
      [entry(d1), entry(d2, "b"), entry(d3, "a")],
    ],
    [
      "by a name that another had among others",
      [entry(d1, "a"), entry(d1, "b")],
      [d2, "a"],
      [entry(d1, "b"), entry(d2, "a")],
    ],
    [
      "by a name that several had",
      [entry(d1, "a"), entry(d2, "a"), entry(d3, "a")],
      [d2, "a"],
      [entry(d1), entry(d2, "a"), entry(d3)],
    ],
    ["and entries that say the same are one", [entry(d1), entry(d1, "a"), entry(d1)], [d1, "a"], [entry(d1, "a")]],
  ])("%s", async (_, before, [descriptor, name], after) => {
    const { layout, index } = await layoutWith(indexOf(...before));
    await layout.tag(descriptor, name);
    expect(JSON.parse(index())).toEqual(indexOf(...after));
  });

  test("with all that its descriptor says", async () => {
    const { layout, index } = await layoutWith(indexOf());
    const platform = { os: "linux", architecture: "arm64" };
    const said = {
      ...d1,
      platform,
      artifactType: "a/b",
      urls: ["https://x.example/"],
      annotations: { a: "b", [REF_NAME]: "old" },
    };
    await layout.tag(said, "new");
    const { urls, artifactType } = said;
    expect(JSON.parse(index()).manifests).toEqual([
      { ...plain(d1), platform, artifactType, urls, annotations: { a: "b", [REF_NAME]: "new" } },
    ]);
    const second = await layoutWith(indexOf());
    await second.layout.tag(said);
    expect(JSON.parse(second.index()).manifests[0].annotations).toEqual({ a: "b" });
  });

  test("and every other byte stays", async () => {
    const other = `{ "digest":"${d2.digest}","size" : ${d2.size}, "mediaType":"${MANIFEST}", "x": [1e2, 12345678901234567890, "\\u0041}],{"], "annotations": {"\\u0061":"\\/", "${REF_NAME}" : "moved",\n"z":{}["x"] } }`;
    const kept = other.replace('{}["x"]', '"z"');
    const text = (manifests: string) =>
      `\n{ "extra" : {"manifests":[ ]} ,\r\n\t"mediaType":"${INDEX}", "schemaVersion":2,\n  "manifests" : [\n    ${manifests}\n  ] , "annotations":{"b":"\\u00e9"}}\n`;
    const { layout, index } = await layoutWith(text(kept));
    await layout.tag(d1, "1.0");
    expect(index()).toBe(text(`${kept},\n    ${JSON.stringify(entry(d1, "1.0"))}`));
    await layout.tag(d1, "1.0");
    await layout.tag(d2);
    expect(index()).toBe(text(`${kept},\n    ${JSON.stringify(entry(d1, "1.0"))}`));
    await layout.tag(d1, "moved");
    const without = kept.replace(`"${REF_NAME}" : "moved",\n`, "");
    expect(index()).toBe(
      text([without, JSON.stringify(entry(d1, "1.0")), JSON.stringify(entry(d1, "moved"))].join(",\n    ")),
    );
  });

  test("into an empty list, however that is written", async () => {
    const { layout, index } = await layoutWith('{"schemaVersion":2,"manifests":[\n ],"z":1}');
    await layout.tag(d1, "a");
    expect(JSON.parse(index())).toEqual({ schemaVersion: 2, manifests: [entry(d1, "a")], z: 1 });
  });

  test("under a name whose key is written with escapes", async () => {
    const key = REF_NAME.replace("o", "\\u006f");
    const { layout, index } = await layoutWith(JSON.stringify(indexOf(entry(d1, "a"))).replace(REF_NAME, key));
    await layout.tag(d2, "a");
    expect(JSON.parse(index())).toEqual(indexOf(entry(d1), entry(d2, "a")));
  });

  test("only where it is there", async () => {
    const { layout, index } = await layoutWith(indexOf());
    const before = index();
    const { descriptor } = content(MANIFEST, "{}");
    await expect(layout.tag(descriptor, "a")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(layout.tag({ ...d1, size: d1.size + 1 }, "a")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(layout.tag(d1, "")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(layout.tag(d1, 1 as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(index()).toBe(before);
  });

  test("and not into what is no index", async () => {
    for (const index of ["", "{", "[]", '{"schemaVersion":2}', '{"schemaVersion":2,"manifests":[],"manifests":[]}']) {
      const broken = await layoutWith(index);
      await expect(broken.layout.tag(d1, "a"), index).rejects.toMatchObject({ name: "ManifestError" });
      expect(broken.index()).toBe(index);
    }
  });

  test("under a signal", async () => {
    const { layout, index } = await layoutWith(indexOf());
    const reason = new Error("enough");
    await expect(layout.tag(d1, "a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(JSON.parse(index())).toEqual(indexOf());
  });
});

describe("an entry is found", () => {
  const containerd = (descriptor: object, tag: string, name: string) => ({
    ...entry(descriptor),
    annotations: { [REF_NAME]: tag, "io.containerd.image.name": name },
  });

  test.each<[string, object[], string | undefined, object | undefined]>([
    ["by its name", [entry(d1, "a"), entry(d2, "b")], "b", d2],
    ["by the first of two alike", [entry(d1, "a"), entry(d2, "a")], "a", d1],
    ["by its digest", [entry(d1, "a"), entry(d2)], d2.digest, d2],
    ["by no other name", [entry(d1, "a")], "b", undefined],
    ["by no other digest", [entry(d1, "a")], d2.digest, undefined],
    ["by a name that Docker completes", [entry(d1, "alpine:3"), entry(d2, "b")], "docker.io/library/alpine:3", d1],
    ["by a name that Docker has completed", [entry(d1, "docker.io/library/alpine:3")], "alpine:3", d1],
    ["by the name beside its tag", [containerd(d1, "3", "docker.io/library/alpine:3")], "alpine:3", d1],
    ["by its tag", [entry(d1, "docker.io/library/alpine:3"), entry(d2, "b")], "3", d1],
    ["by its own name before the tag of another", [entry(d1, "alpine:3"), entry(d2, "3")], "3", d2],
    ["by no part of a tag", [entry(d1, "alpine:13")], "3", undefined],
    ["where there is one, without a name", [entry(d1, "a")], undefined, d1],
    ["where one alone has a name, without a name", [entry(d1), entry(d2, "a"), entry(d3)], undefined, d2],
    ["where the others are fallback tags", [entry(d1, "a"), entry(d2, d1.digest.replace(":", "-"))], undefined, d1],
    ["where there is none, not", [], undefined, undefined],
    ["by two names, without a name", [entry(d1, "a"), entry(d1, "b")], undefined, d1],
  ])("%s", async (_, entries, name, expected) => {
    const { layout } = await layoutWith(indexOf(...entries));
    const found = await layout.resolve(name);
    expect(found && plain(found)).toEqual(expected && plain(expected as typeof d1));
  });

  test.each<[object[], string | undefined]>([
    [[entry(d1, "a"), entry(d2, "b")], undefined],
    [[entry(d1), entry(d2)], undefined],
    [[entry(d1, "x:3"), entry(d2, "y:3")], "3"],
  ])("only if it is clear which is meant", async (entries, name) => {
    const { layout } = await layoutWith(indexOf(...entries));
    const failed = layout.resolve(name);
    await expect(failed).rejects.toBeInstanceOf(LayoutError);
    await expect(failed).rejects.toMatchObject({ code: "AMBIGUOUS_REFERENCE" });
  });

  test("by a digest inside an index", async () => {
    const { layout } = await layoutWith(indexOf());
    const inner = content(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [plain(d1), plain(d2)] });
    const outer = content(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [plain(inner.descriptor)] });
    await put(layout, inner, outer);
    await layout.tag(outer.descriptor, "1.0");
    expect(await layout.resolve(d2.digest)).toMatchObject(plain(d2));
    expect(await layout.resolve(d3.digest)).toBeUndefined();
  });

  test("as it stands there, with all others", async () => {
    const platform = { os: "linux", architecture: "arm64" };
    const { layout } = await layoutWith(indexOf({ ...entry(d1, "a"), platform }, entry(d2)));
    expect(await layout.resolve("a")).toEqual({ ...d1, platform, annotations: { [REF_NAME]: "a" } });
    expect(await layout.manifests()).toHaveLength(2);
  });
});

test("an index without end is given up", async () => {
  const { layout } = await layoutWith(indexOf());
  const many = Array.from({ length: 40_000 }, () => plain(d1));
  const indexes = Array.from({ length: 4 }, (_, n) =>
    content(INDEX, { schemaVersion: 2, mediaType: INDEX, annotations: { n: String(n) }, manifests: many }),
  );
  for (const index of indexes) await add(layout, { manifest: index, blobs: [] });
  await expect(all(layout.referrers(d1.digest))).rejects.toMatchObject({ code: "TOO_LARGE" });
});

/** What `docker save` and its like write, read as an image layout. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { OciDocument, validateLayout } from "pierhead";
import { readArchive } from "pierhead/layout";
import { describe, expect, test } from "vitest";
import { all, bytesOf, content, image, MANIFEST, pathsIn, plain, REF_NAME, sha256 } from "./images.ts";
import { type Entry, scratch, tar } from "./tar.ts";

const folder = await scratch();

const texts = ["first layer", "second layer"] as const;
const ids = texts.map(sha256);
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

function configOf(diffIds: readonly string[] = ids, more: object = {}) {
  const rootfs = { type: "layers", diff_ids: diffIds };
  return content(CONFIG, { architecture: "amd64", os: "linux", rootfs, ...more });
}

const config = configOf();
const hex = config.descriptor.digest.slice(7);

interface Item {
  readonly Config?: unknown;
  readonly RepoTags?: unknown;
  readonly Layers?: unknown;
}

const item: Item = { Config: `${hex}.json`, RepoTags: ["example/app:1.0"], Layers: ["a/layer.tar", "b/layer.tar"] };

/** An archive as Docker wrote it before it knew layouts. */
function legacy(items: unknown = [item], files: readonly Entry[] = []): Entry[] {
  const own: Entry[] = [
    { name: `${hex}.json`, content: config.bytes },
    { name: "a/", type: "5" },
    { name: "a/VERSION", content: "1.0" },
    { name: "a/json", content: "{}" },
    { name: "a/layer.tar", content: texts[0] },
    { name: "b/layer.tar", content: texts[1] },
  ];
  const others = own.filter(({ name }) => !files.some((file) => file.name === name));
  return [
    ...others,
    ...files,
    { name: "manifest.json", content: JSON.stringify(items) },
    { name: "repositories", content: "{}" },
  ];
}

const read = (entries: readonly Entry[]) => readArchive(new Blob([tar(entries)]));

describe("an archive of docker save", () => {
  test("is an image whose manifest is synthesised, and whose other parts are as they were", async () => {
    const layout = await read(legacy());
    const found = await layout.resolve("example/app:1.0");
    expect(found).toMatchObject({ mediaType: MANIFEST, annotations: { [REF_NAME]: "example/app:1.0" } });
    const manifest = found && (await bytesOf(layout, found));
    expect(JSON.parse(new TextDecoder().decode(manifest))).toEqual({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: plain(config.descriptor),
      layers: texts.map((text, index) => ({ mediaType: LAYER, digest: ids[index], size: text.length })),
    });
    expect(found?.digest).toBe(sha256(manifest ?? ""));
    const { layers } = OciDocument.parse(manifest ?? "").descriptors();
    expect(await bytesOf(layout, config.descriptor)).toEqual(config.bytes);
    for (const [index, layer] of layers.entries()) {
      expect(await layout.has(layer)).toBe(true);
      expect(Buffer.from((await bytesOf(layout, layer)) ?? "").toString()).toBe(texts[index]);
    }
  });

  test("is a layout to those who validate it", async () => {
    const { files } = await read(legacy());
    const reports = await all(validateLayout(files));
    expect(reports.map(({ name }) => name)).toEqual(expect.arrayContaining(["oci-layout", "index.json"]));
    expect(reports.flatMap(({ report }) => report.issues.filter(({ severity }) => severity === "error"))).toEqual([]);
    expect(await pathsIn(files)).toHaveLength(4);
  });

  test("is found by its tags, completed as Docker does, and by no other", async () => {
    const layout = await read(legacy([{ ...item, RepoTags: ["example/app:1.0", "registry.example/x:2"] }]));
    const [first] = await layout.manifests();
    for (const name of ["example/app:1.0", "docker.io/example/app:1.0", "1.0", "registry.example/x:2", undefined]) {
      expect(await layout.resolve(name), name).toMatchObject({ digest: first?.digest });
    }
    expect(await layout.resolve("example/app:2")).toBeUndefined();
  });

  test("is the same each time", async () => {
    const [one, two] = [await read(legacy()), await read([...legacy()].reverse())];
    expect(await one.manifests()).toEqual(await two.manifests());
  });

  test("may hold several images, some without a tag, that share layers", async () => {
    const other = configOf([ids[1] ?? ""]);
    const items = [item, { Config: "other.json", RepoTags: null, Layers: ["b/layer.tar"] }];
    const layout = await read(legacy(items, [{ name: "other.json", content: other.bytes }]));
    const [, second] = await layout.manifests();
    expect(second?.annotations).toEqual({});
    expect(await layout.has(other.descriptor)).toBe(true);
    expect(await layout.resolve()).toMatchObject({ annotations: { [REF_NAME]: "example/app:1.0" } });
  });

  test("may link a layer to one that is the same", async () => {
    const twice = configOf([ids[0] ?? "", ids[0] ?? ""]);
    for (const link of [
      { name: "b/layer.tar", type: "2", link: "../a/layer.tar" },
      { name: "b/layer.tar", type: "1", link: "a/layer.tar" },
    ]) {
      const items = [{ ...item, Config: "twice.json" }];
      const layout = await read(legacy(items, [{ name: "twice.json", content: twice.bytes }, link]));
      const found = await layout.resolve();
      const manifest = OciDocument.parse((found && (await bytesOf(layout, found))) ?? "");
      expect(manifest.descriptors().layers.map(({ digest }) => digest)).toEqual([ids[0], ids[0]]);
    }
  });

  test("may have compressed layers, known by their own digests then", async () => {
    const packed = new Uint8Array(gzipSync(texts[1]));
    const layout = await read(legacy([item], [{ name: "b/layer.tar", content: packed }]));
    const found = await layout.resolve();
    const { layers } = OciDocument.parse((found && (await bytesOf(layout, found))) ?? "").descriptors();
    expect(layers).toMatchObject([
      { mediaType: LAYER, digest: ids[0] },
      { mediaType: `${LAYER}+gzip`, digest: sha256(packed), size: packed.byteLength },
    ]);
    expect(await bytesOf(layout, layers[1] as never)).toEqual(packed);
  });

  test("may be a file that is compressed as a whole", async () => {
    const path = join(folder, "saved.tar.gz");
    await writeFile(path, gzipSync(tar(legacy())));
    const layout = await readArchive(path);
    expect(await layout.resolve("example/app:1.0")).toBeDefined();
    await layout.close();
  });

  test("may name its configuration as others do", async () => {
    for (const name of [`sha256:${hex}`, `blobs/sha256/${hex}`, "config.json"]) {
      const layout = await read(legacy([{ ...item, Config: name }], [{ name, content: config.bytes }]));
      expect(await layout.has(config.descriptor), name).toBe(true);
    }
  });

  test("that is a layout too is read as that", async () => {
    const { manifest, blobs } = image(texts[0]);
    const name = "docker.io/example/app:1.0";
    const annotations = { [REF_NAME]: "1.0", "io.containerd.image.name": name };
    const index = { schemaVersion: 2, manifests: [{ ...plain(manifest.descriptor), annotations }] };
    const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;
    const [configPart, layerPart] = blobs;
    const layout = await read([
      ...[manifest, ...blobs].map(({ descriptor, bytes }) => ({ name: path(descriptor.digest), content: bytes })),
      { name: "index.json", content: JSON.stringify(index) },
      {
        name: "manifest.json",
        content: JSON.stringify([
          {
            Config: path(configPart?.descriptor.digest ?? ""),
            RepoTags: ["example/app:1.0"],
            Layers: [path(layerPart?.descriptor.digest ?? "")],
          },
        ]),
      },
      { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    ]);
    for (const asked of ["example/app:1.0", name, "1.0", undefined]) {
      expect(await layout.resolve(asked), asked).toMatchObject(plain(manifest.descriptor));
    }
  });
});

describe("an archive of docker save is refused", () => {
  test("whose configuration is not what its name says", async () => {
    const changed = legacy([item], [{ name: `${hex}.json`, content: configOf(ids, { author: "x" }).bytes }]);
    await expect(read(changed)).rejects.toMatchObject({ code: "DIGEST_MISMATCH", expected: config.descriptor.digest });
  });

  test("whose layer, compressed, is not what its configuration says", async () => {
    const changed = legacy([item], [{ name: "b/layer.tar", content: gzipSync("another layer") }]);
    await expect(read(changed)).rejects.toMatchObject({ code: "DIGEST_MISMATCH", expected: ids[1] });
  });

  test("as soon as it is read, whose layer is not what its configuration says", async () => {
    const layout = await read(legacy([item], [{ name: "b/layer.tar", content: "second l4yer" }]));
    const reports = await all(validateLayout(layout.files));
    expect(reports.flatMap(({ report }) => report.issues.map(({ rule }) => rule))).toContain("content.digest");
  });

  const file = (content: unknown): Entry => ({ name: "c.json", content: JSON.stringify(content) });
  const other = { ...item, Config: "c.json" };
  test.each<[string, Entry[]]>([
    ["whose manifest.json is no list", legacy({})],
    ["whose manifest.json lists no images", legacy([null])],
    ["that names no configuration", legacy([{ ...item, Config: undefined }])],
    ["whose tags are no list", legacy([{ ...item, RepoTags: "a" }])],
    ["whose layers are no texts", legacy([{ ...item, Layers: [1, 2] }])],
    ["with fewer layers than its configuration has", legacy([{ ...item, Layers: ["a/layer.tar"] }])],
    ["that lacks a layer", legacy([{ ...item, Layers: ["a/layer.tar", "c/layer.tar"] }])],
    ["that lacks its configuration", legacy([other])],
    ["whose layer is a link to nothing", legacy([item], [{ name: "b/layer.tar", type: "2", link: "../c/layer.tar" }])],
    [
      "whose layer is a link that leads out",
      legacy([item], [{ name: "b/layer.tar", type: "2", link: "../../a/layer.tar" }]),
    ],
    ["whose layer is a link to /", legacy([item], [{ name: "b/layer.tar", type: "2", link: "/a/layer.tar" }])],
    ["whose layer is a link to itself", legacy([item], [{ name: "b/layer.tar", type: "2", link: "layer.tar" }])],
    ["whose layer is a folder", legacy([{ ...item, Layers: ["a/layer.tar", "a"] }])],
    ["whose configuration has other things for layers", legacy([other], [file({ rootfs: { diff_ids: [1, 2] } })])],
    ["with a layer that leads out", legacy([{ ...item, Layers: ["a/layer.tar", "../b/layer.tar"] }])],
  ])("%s", async (_, entries) => {
    await expect(read(entries)).rejects.toMatchObject({ code: "INVALID_ARCHIVE" });
  });

  test("whose configuration calls its layers by no digest", async () => {
    const wrong = legacy([other], [file({ rootfs: { diff_ids: ["../a", "b"] } })]);
    await expect(read(wrong)).rejects.toMatchObject({ code: "INVALID_DIGEST" });
  });

  test("whose manifest.json can be read in two ways", async () => {
    const twice = [
      ...legacy().filter(({ name }) => name !== "manifest.json"),
      { name: "manifest.json", content: "[{},{]" },
    ];
    await expect(read(twice)).rejects.toMatchObject({ code: "INVALID_JSON" });
  });
});

test("a layer that two configurations call by different names is refused, if one of them must be wrong", async () => {
  const wrong = configOf([sha256("x")]);
  const items = [item, { Config: "wrong.json", Layers: ["a/layer.tar"] }];
  const entries = legacy(items, [{ name: "wrong.json", content: wrong.bytes }]);
  await expect(read(entries)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
});

/** What refers to a manifest, found in a layout. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageLayout, openLayout } from "pierhead/layout";
import { describe, expect, test } from "vitest";
import { add, all, bytesOf, content, INDEX, image, plain, put, referrer } from "./images.ts";
import { scratch } from "./tar.ts";

const folder = await scratch();
let made = 0;
let path = "";
async function create(): Promise<ImageLayout> {
  path = join(folder, `layout-${made++}`);
  return await openLayout(path, { create: true });
}

const base = image();
const subject = base.manifest.descriptor;
const [sbom, signature] = [
  referrer(subject, "a bill"),
  referrer(subject, "a signature", "application/vnd.example.sig"),
];
const deeper = referrer(sbom.manifest.descriptor, "a signature of the bill");
const index = (...manifests: object[]) => content(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });

const digests = async (layout: ImageLayout, digest = subject.digest, artifactType?: string) =>
  (await all(layout.referrers(digest, { artifactType }))).map((found) => found.digest);

describe("referrers are found", () => {
  test("among the entries of the index, each with its type and its annotations", async () => {
    const layout = await create();
    await add(layout, base, "1.0");
    for (const one of [sbom, signature, deeper]) await add(layout, one);
    expect(await all(layout.referrers(subject.digest))).toEqual([
      {
        ...sbom.manifest.descriptor,
        artifactType: "application/vnd.example.sbom",
        annotations: { "org.example.note": "a bill" },
      },
      {
        ...signature.manifest.descriptor,
        artifactType: "application/vnd.example.sig",
        annotations: { "org.example.note": "a signature" },
      },
    ]);
    expect(await digests(layout, sbom.manifest.descriptor.digest)).toEqual([deeper.manifest.descriptor.digest]);
    expect(await digests(layout, deeper.manifest.descriptor.digest)).toEqual([]);
    expect(await layout.resolve()).toMatchObject(plain(subject));
  });

  test("of one type alone, if that is asked", async () => {
    const layout = await create();
    for (const one of [sbom, signature]) await add(layout, one);
    expect(await digests(layout, subject.digest, "application/vnd.example.sig")).toEqual([
      signature.manifest.descriptor.digest,
    ]);
  });

  test("by the media type of the configuration where nothing else is said", async () => {
    const layout = await create();
    const old = image("old", { subject: plain(subject) });
    await add(layout, old);
    const [found] = await all(layout.referrers(subject.digest));
    expect(found?.artifactType).toBe("application/vnd.oci.image.config.v1+json");
  });

  test("under the fallback tag", async () => {
    const layout = await create();
    await put(layout, ...sbom.blobs, sbom.manifest);
    await add(
      layout,
      { manifest: index(plain(sbom.manifest.descriptor)), blobs: [] },
      subject.digest.replace(":", "-"),
    );
    expect(await digests(layout)).toEqual([sbom.manifest.descriptor.digest]);
  });

  test("in indexes inside one another, once", async () => {
    const layout = await create();
    await put(layout, ...sbom.blobs, sbom.manifest);
    const inner = index(plain(sbom.manifest.descriptor), plain(subject));
    await put(layout, inner);
    await add(layout, { manifest: index(plain(inner.descriptor)), blobs: [] }, "1.0");
    await add(layout, sbom);
    expect(await digests(layout)).toEqual([sbom.manifest.descriptor.digest]);
  });

  test("where an index itself refers", async () => {
    const layout = await create();
    const referring = content(INDEX, {
      schemaVersion: 2,
      mediaType: INDEX,
      artifactType: "application/vnd.example.index",
      manifests: [],
      subject: plain(subject),
    });
    await add(layout, { manifest: referring, blobs: [] });
    expect(await all(layout.referrers(subject.digest))).toMatchObject([
      { ...plain(referring.descriptor), artifactType: "application/vnd.example.index" },
    ]);
  });

  test("as soon as they are entered", async () => {
    const layout = await create();
    await add(layout, base, "1.0");
    expect(await digests(layout)).toEqual([]);
    await add(layout, sbom);
    expect(await digests(layout)).toEqual([sbom.manifest.descriptor.digest]);
  });

  test("though other entries are missing, or cannot be verified", async () => {
    const layout = await create();
    await add(layout, sbom);
    const entries = [
      plain(content("application/vnd.oci.image.manifest.v1+json", "missing").descriptor),
      { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: "md5:abc", size: 3 },
      { mediaType: "text/plain", digest: "sha256:".padEnd(71, "0"), size: 3 },
      plain(sbom.manifest.descriptor),
    ];
    await writeFile(join(path, "index.json"), index(...entries).bytes);
    expect(await digests(layout)).toEqual([sbom.manifest.descriptor.digest]);
  });
});

test("a manifest that is not what its digest says is no referrer, and that is said", async () => {
  const layout = await create();
  await add(layout, sbom);
  const { digest } = sbom.manifest.descriptor;
  const bytes = (await bytesOf(layout, sbom.manifest.descriptor)) ?? new Uint8Array();
  bytes[bytes.length - 3] = 0x20;
  await writeFile(join(path, "blobs", ...digest.split(":")), bytes);
  await expect(digests(layout)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
});

test("what is no digest is not looked for", async () => {
  const layout = await create();
  await expect(digests(layout, "latest")).rejects.toMatchObject({ code: "INVALID_DIGEST" });
});

test("a signal ends the search", async () => {
  const layout = await create();
  await add(layout, sbom);
  const reason = new Error("enough");
  await expect(all(layout.referrers(subject.digest, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
});

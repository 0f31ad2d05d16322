/**
 * What others write is read, and what is written others read: skopeo and umoci, which Debian has, and oras and regctl where they are
 * (`go install oras.land/oras/cmd/oras@latest`, `go install github.com/regclient/regclient/cmd/regctl@latest`).
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Descriptor, OciDocument, validateLayout, verifyStream } from "pierhead";
import { type ImageLayout, openLayout, type ReadableLayout, readArchive, writeArchive } from "pierhead/layout";
import { describe, expect, test } from "vitest";
import { fixtureLayout } from "../../support/layout.mjs";
import { add, all, bytesOf, type Image, image, plain, put, referrer, sha256 } from "./images.ts";
import { scratch, tar } from "./tar.ts";

const folder = await scratch();
const execute = promisify(execFile);
let made = 0;
const fresh = (suffix = "") => join(folder, `place-${made++}${suffix}`);

/** Runs a program to its end; returns what it prints. */
async function run(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOME: folder, REGISTRY_AUTH_FILE: join(folder, "none.json") };
  return (await execute(program, args, { env, timeout: 20_000 })).stdout;
}

const { PATH = "", CI } = process.env;

/** Tests that need a program: skipped where it is missing, but not where everything is said to be installed. */
function needing(program: string, everywhere = true) {
  const found = PATH.split(delimiter).some((path) => existsSync(join(path, program)));
  if (!found) console.warn(`${program} is not installed: what it says of layouts is not tested`);
  return describe.skipIf(!found && !(everywhere && CI === "true"));
}

/** An image whose layer is a tar, as those who unpack it want. */
function real(text = "hello"): Image {
  const layer = Buffer.from(tar([{ name: "hello.txt", content: text }])).toString("latin1");
  return image(layer);
}

/** Everything that a descriptor leads to, verified. */
async function parts(layout: ImageLayout, descriptor: Descriptor): Promise<Descriptor[]> {
  const stream = await layout.open(descriptor);
  if (stream === undefined) throw new Error(`${descriptor.digest} is missing`);
  const verified = verifyStream(stream, descriptor) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const bytes = new Uint8Array(await new Response(verified).arrayBuffer());
  if (!/manifest|index/.test(descriptor.mediaType)) return [descriptor];
  const document = OciDocument.parse(bytes, { mediaType: descriptor.mediaType });
  const { config, layers, manifests } = document.descriptors();
  const below = await Promise.all(
    [...(config ? [config] : []), ...layers, ...manifests].map((part) => parts(layout, part)),
  );
  return [descriptor, ...below.flat()];
}

async function copyAll(source: ImageLayout, target: ImageLayout, descriptor: Descriptor, name: string): Promise<void> {
  for (const part of (await parts(source, descriptor)).reverse()) {
    const stream = await source.open(part);
    if (stream !== undefined) await target.put(part, stream);
  }
  await target.tag(descriptor, name);
}

async function errorsIn({ files }: ReadableLayout): Promise<string[]> {
  const reports = await all(validateLayout(files));
  return reports.flatMap(({ report }) =>
    report.issues.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
  );
}

/** A folder and an archive that hold the committed image, of two platforms, and one more. */
async function written(): Promise<{ folder: string; archive: string; digest: string; own: Image }> {
  const source = await openLayout(fixtureLayout);
  const index = (await source.resolve("1.0")) as Descriptor;
  const own = real();
  const [path, archive] = [fresh(), fresh(".tar")];
  const layout = await openLayout(path, { create: true });
  const tarred = await writeArchive(archive);
  for (const target of [layout, tarred]) {
    await copyAll(source, target, index, "1.0");
    await add(target, own, "own");
    await target.close();
  }
  return { folder: path, archive, digest: index.digest, own };
}

needing("skopeo")("skopeo", () => {
  test("reads the folder that was written, every byte", async () => {
    const { folder, digest, own } = await written();
    expect(sha256(await run("skopeo", "inspect", "--raw", `oci:${folder}:1.0`))).toBe(digest);
    const inspected = JSON.parse(await run("skopeo", "inspect", `oci:${folder}:own`));
    expect(inspected.Digest).toBe(own.manifest.descriptor.digest);
    const copied = fresh();
    await run("skopeo", "copy", "--all", "--quiet", `oci:${folder}:1.0`, `oci:${copied}:again`);
    const layout = await openLayout(copied);
    expect(await layout.resolve("again")).toMatchObject({ digest });
    const blobs = readdirSync(join(copied, "blobs", "sha256"));
    for (const name of blobs) {
      const [one, other] = [copied, folder].map((path) => readFileSync(join(path, "blobs", "sha256", name)));
      expect(one).toEqual(other);
    }
    expect(blobs.sort()).toEqual(readdirSync(join(fixtureLayout, "blobs", "sha256")).sort());
  });

  test("reads the archive that was written", async () => {
    const { archive, digest, own } = await written();
    expect(sha256(await run("skopeo", "inspect", "--raw", `oci-archive:${archive}:1.0`))).toBe(digest);
    const copied = fresh();
    await run("skopeo", "copy", "--preserve-digests", "--quiet", `oci-archive:${archive}:own`, `oci:${copied}:own`);
    expect(await (await openLayout(copied)).resolve("own")).toMatchObject(plain(own.manifest.descriptor));
  });

  test("writes into a folder what is read, and goes on where others began", async () => {
    const { folder, own } = await written();
    const mine = await openLayout(fixtureLayout);
    const index = await mine.resolve("1.0");
    await run("skopeo", "copy", "--all", "--quiet", `oci:${fixtureLayout}:1.0`, `oci:${folder}:theirs`);
    const layout = await openLayout(folder);
    expect(await layout.resolve("theirs")).toMatchObject({ digest: index?.digest });
    await add(layout, real("more"), "more");
    expect(await layout.resolve("own")).toMatchObject(plain(own.manifest.descriptor));
    for (const name of ["1.0", "own", "theirs", "more"])
      await run("skopeo", "inspect", "--raw", `oci:${folder}:${name}`);
    expect(await errorsIn(layout)).toEqual([]);
  });

  test("writes an archive of a layout that is read", async () => {
    const archive = fresh(".tar");
    await run("skopeo", "copy", "--all", "--quiet", `oci:${fixtureLayout}:1.0`, `oci-archive:${archive}:1.0`);
    const layout = await readArchive(archive);
    const found = (await layout.resolve("1.0")) as Descriptor;
    const source = (await (await openLayout(fixtureLayout)).resolve("1.0")) as Descriptor;
    expect(found).toMatchObject(plain(source));
    expect(await parts(layout, found)).toHaveLength(
      await parts(await openLayout(fixtureLayout), source).then((all) => all.length),
    );
    expect(await errorsIn(layout)).toEqual([]);
    await layout.close();
  });

  test("writes an archive for Docker that is read as the image it was made of", async () => {
    const { folder, own } = await written();
    const archive = fresh(".tar");
    await run("skopeo", "copy", "--quiet", `oci:${folder}:own`, `docker-archive:${archive}:example.com/own:2.0`);
    const layout = await readArchive(archive);
    const found = (await layout.resolve("example.com/own:2.0")) as Descriptor;
    const document = OciDocument.parse((await bytesOf(layout, found)) ?? "").descriptors();
    // The layer was never compressed, so it is the same one.
    const [config, layer] = own.blobs;
    expect(document.config).toMatchObject({ digest: config?.descriptor.digest });
    expect(document.layers).toMatchObject([plain(layer?.descriptor as Descriptor)]);
    await parts(layout, found);
    expect(await errorsIn(layout)).toEqual([]);

    // What is synthesised is an image to others too.
    const again = fresh();
    await copyAll(layout, await openLayout(again, { create: true }), found, "own");
    const { Digest } = JSON.parse(await run("skopeo", "inspect", `oci:${again}:own`));
    expect(Digest).toBe(found.digest);
    await layout.close();
  });
});

needing("umoci")("umoci", () => {
  test("reads the folder that was written, and unpacks it", async () => {
    const { folder } = await written();
    expect((await run("umoci", "ls", "--layout", folder)).trim().split("\n").sort()).toEqual(["1.0", "own"]);
    const bundle = fresh();
    await run("umoci", "unpack", "--rootless", "--image", `${folder}:own`, bundle);
    expect(readFileSync(join(bundle, "rootfs", "hello.txt"), "utf8")).toBe("hello");
  });

  test("writes images and names that are read", async () => {
    const { folder, own } = await written();
    await run("umoci", "tag", "--image", `${folder}:own`, "again");
    await run("umoci", "new", "--image", `${folder}:new`);
    const layout = await openLayout(folder);
    expect(await layout.resolve("again")).toMatchObject(plain(own.manifest.descriptor));
    await parts(layout, (await layout.resolve("new")) as Descriptor);
    await layout.tag(own.manifest.descriptor, "new");
    expect((await run("umoci", "ls", "--layout", folder)).trim().split("\n").sort()).toEqual([
      "1.0",
      "again",
      "new",
      "own",
    ]);
    // What it collects is what nothing leads to.
    await run("umoci", "gc", "--layout", folder);
    for (const name of ["1.0", "own"]) await parts(layout, (await layout.resolve(name)) as Descriptor);
  });
});

/** A folder with an image and what refers to it. */
async function withReferrer(): Promise<{ path: string; own: Image; sbom: Image; layout: ReadableLayout }> {
  const path = fresh();
  const layout = await openLayout(path, { create: true });
  const own = real();
  const sbom = referrer(own.manifest.descriptor, "a bill");
  await add(layout, own, "own");
  await add(layout, sbom);
  return { path, own, sbom, layout };
}

needing("oras", false)("oras", () => {
  test("finds what was entered as a referrer", async () => {
    const { path, sbom } = await withReferrer();
    const found = JSON.parse(await run("oras", "discover", "--oci-layout", "--format", "json", `${path}:own`));
    const { referrers = found.manifests } = found;
    expect(referrers).toMatchObject([{ digest: sbom.manifest.descriptor.digest }]);
  });

  test("enters referrers that are found", async () => {
    const { path, own, sbom, layout } = await withReferrer();
    await run(
      "oras",
      "attach",
      "--oci-layout",
      "--artifact-type",
      "application/vnd.example.note",
      "--annotation",
      "a=b",
      `${path}:own`,
    );
    const found = await all(layout.referrers(own.manifest.descriptor.digest));
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(
      expect.objectContaining({
        artifactType: "application/vnd.example.note",
        annotations: expect.objectContaining({ a: "b" }),
      }),
    );
    expect(found.map(({ digest }) => digest)).toContain(sbom.manifest.descriptor.digest);
    const copied = fresh();
    await cp(path, copied, { recursive: true });
    expect(await errorsIn(await openLayout(copied))).toEqual([]);
  });
});

needing("regctl", false)("regctl", () => {
  test("finds what was entered as a referrer, where it looks at all entries", async () => {
    const { path, sbom } = await withReferrer();
    const found = await run(
      "regctl",
      "artifact",
      "list",
      "--slow-referrers",
      "--format",
      "{{json .}}",
      `ocidir://${path}:own`,
    );
    expect(found).toContain(sbom.manifest.descriptor.digest);
  });

  test("enters referrers, under the fallback tag, that are found", async () => {
    const { path, own, layout } = await withReferrer();
    await run(
      "regctl",
      "artifact",
      "put",
      "--subject",
      `ocidir://${path}:own`,
      "--artifact-type",
      "application/vnd.example.note",
      "--file",
      join(path, "oci-layout"),
    );
    const found = await all(layout.referrers(own.manifest.descriptor.digest));
    expect(found.map(({ artifactType }) => artifactType)).toContain("application/vnd.example.note");
    expect(await layout.resolve()).toMatchObject(plain(own.manifest.descriptor));
    await put(layout, ...own.blobs);
  });
});

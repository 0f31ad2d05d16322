/** `pierhead copy`, `pull` and `push`: images as they were, in places that are whole or not there. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { fixtureLayout, startRegistry } from "../../support/registry.mjs";
import { tar } from "../layout/tar.ts";
import { startDetour } from "./detour.ts";
import { addBlob, addImage, addIndex, amd64, arm64, blobPath, hello, INDEX, makeLayout, partsOf } from "./image.ts";
import { ENVIRONMENT, jsonLines, MAIN, pierhead, problem, scratch, serve, start, TIMEOUT } from "./run.ts";
import { startStore } from "./store.ts";

const cwd = await scratch();
const registry = await startRegistry();
afterAll(() => registry.close());
const store = await startStore({ referrers: true });

const image = `${registry.host}/hello:1.0`;
/** What belongs to the image, each digest once. */
const parts = [
  hello,
  amd64,
  arm64,
  ...[amd64, arm64].flatMap((part) => [partsOf(part).config, ...partsOf(part).layers]),
];
const digests = [...new Set(parts.map(({ digest }) => digest))].sort();

let count = 0;

/** An empty folder. */
function folder(): string {
  count += 1;
  const path = join(cwd, String(count));
  mkdirSync(path);
  return path;
}

/** The name of a repository with nothing in it. */
function empty(): string {
  count += 1;
  return `${store.host}/uploads/plain/r${count}`;
}

/** The names of an image layout, each with its digest. */
function names(layout: string): Record<string, string> {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const entries = manifests as { digest: string; annotations?: Record<string, string> }[];
  return Object.fromEntries(
    entries.map(({ digest, annotations }) => [annotations?.["org.opencontainers.image.ref.name"] ?? "", digest]),
  );
}

function blobs(layout: string): string[] {
  return readdirSync(join(layout, "blobs", "sha256"))
    .map((name) => `sha256:${name}`)
    .sort();
}

/** That every byte of a place is good. */
async function verify(place: string): Promise<void> {
  expect(await pierhead(["inspect", place])).toMatchObject({ code: 0, stderr: "" });
}

describe.concurrent("pierhead copy", TIMEOUT, () => {
  test("copies an index with all its images to a layout, by its tag", async () => {
    const layout = join(folder(), "layout");
    const result = await pierhead(["copy", image, `oci:${layout}`]);
    expect(result).toMatchObject({ code: 0, stdout: `${hello.digest}  oci:${layout}:1.0\n` });
    const lines = result.stderr.split("\n").slice(0, -1);
    expect(lines.map((line) => line.slice(0, 71)).sort()).toEqual(digests);
    for (const line of lines) expect(line).toMatch(/ done$/);
    expect({ names: names(layout), blobs: blobs(layout) }).toEqual({ names: { "1.0": hello.digest }, blobs: digests });
    await verify(layout);
  });

  test("moves nothing that is there, and tells of it in JSON", async () => {
    const layout = join(folder(), "layout");
    await pierhead(["copy", image, `oci:${layout}`]);
    const { stdout, stderr } = await pierhead(["copy", "--json", image, `oci:${layout}:other`]);
    const { digest, mediaType, size } = hello;
    const about = { source: image, target: `oci:${layout}:other`, digest, mediaType, size };
    expect(jsonLines(stdout)).toEqual([{ ...about, manifests: 3, blobs: digests.length - 3 }]);
    const said = jsonLines(stderr) as { digest: string; size: number; outcome: string }[];
    const moved = said.filter(({ outcome }) => outcome !== "exists").map((part) => part.digest);
    expect(moved.filter((part) => part !== hello.digest)).toEqual([]);
    expect(names(layout)).toEqual({ "1.0": digest, other: digest });
  });

  test("copies between registries and back, bit by bit", async () => {
    const name = empty();
    expect(await pierhead(["copy", image, `${name}:a`, "-q"])).toMatchObject({
      code: 0,
      stdout: `${hello.digest}  ${name}:a\n`,
      stderr: "",
    });
    await verify(`${name}:a`);
    expect((await pierhead(["tags", name])).stdout).toBe("a\n");
  });

  test("mounts blobs within a registry", async () => {
    const [first, second] = [empty(), empty()];
    await pierhead(["copy", image, `${first}:1`, "-q"]);
    const { code, stderr } = await pierhead(["copy", `${first}:1`, `${second}:1`, "--json"]);
    expect(code).toBe(0);
    const said = jsonLines(stderr) as { digest: string; outcome: string }[];
    const manifests = new Set([hello, amd64, arm64].map(({ digest }) => digest));
    const outcomes = said.filter(({ digest }) => !manifests.has(digest)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(Array(digests.length - 3).fill("mounted"));
    await verify(`${second}:1`);
  });

  test("copies the image for a platform in place of the index", async () => {
    const layout = join(folder(), "layout");
    const { stdout } = await pierhead(["copy", "-q", "--platform", "linux/arm64", image, `oci:${layout}`]);
    expect(stdout).toBe(`${arm64.digest}  oci:${layout}:1.0\n`);
    expect(names(layout)).toEqual({ "1.0": arm64.digest });
    expect(blobs(layout)).not.toContain(amd64.digest);
    await verify(layout);
  });

  test("copies the index with the images for several platforms alone", async () => {
    const source = makeLayout(folder());
    const platforms = ["amd64", "arm64", "s390x"].map((architecture) => ({
      ...addImage(source, architecture),
      platform: { os: "linux", architecture },
    }));
    const index = addBlob(source, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: platforms });
    addIndex(source, [index]);
    const layout = join(folder(), "layout");
    const some = ["--platform", "linux/amd64", "--platform", "linux/s390x"];
    const { code, stdout } = await pierhead(["copy", "-q", ...some, source, `oci:${layout}:some`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${index.digest}  oci:${layout}:some\n` });
    const has = platforms.map(({ digest }) => blobs(layout).includes(digest));
    expect(has).toEqual([true, false, true]);
  });

  test("says for which platforms there is an image", async () => {
    const layout = join(folder(), "layout");
    const result = await pierhead(["copy", "--platform", "plan9/mips", image, `oci:${layout}`]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("plan9/mips");
    expect(existsSync(layout)).toBe(false);
  });

  test("brings along what refers to the image", async () => {
    const name = empty();
    await pierhead(["copy", image, `${name}:1`, "-q"]);
    const report = join(folder(), "report");
    writeFileSync(report, "good");
    const type = "application/vnd.example.report";
    const { stdout } = await pierhead(["attach", `${name}:1`, "--artifact-type", type, report, "-q"]);
    const digest = stdout.slice(0, 71);
    const layout = join(folder(), "layout");
    expect(await pierhead(["copy", "--referrers", "-q", `${name}:1`, `oci:${layout}`])).toMatchObject({ code: 0 });
    expect(names(layout)).toEqual({ "1": hello.digest, "": digest });
    const second = empty();
    expect(await pierhead(["copy", "--referrers", "-q", layout, `${second}:1`])).toMatchObject({ code: 0 });
    expect((await pierhead(["referrers", `${second}:1`])).stdout).toContain(digest);
  });

  test("keeps the image of a digest without a name", async () => {
    const layout = join(folder(), "layout");
    await pierhead(["copy", "-q", `${registry.host}/hello@${amd64.digest}`, `oci:${layout}`]);
    expect(names(layout)).toEqual({ "": amd64.digest });
    await verify(layout);
  });

  test("makes nothing where there is no such image, and says so", async () => {
    for (const target of ["oci:layout", "oci-archive:image.tar"]) {
      const own = folder();
      const result = await pierhead(["copy", `${registry.host}/hello:missing`, target], { cwd: own });
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(problem(result)).toContain("MANIFEST_UNKNOWN");
      expect(readdirSync(own)).toEqual([]);
    }
  });

  test("leaves a folder alone that is no layout", async () => {
    const own = folder();
    writeFileSync(join(own, "mine"), "");
    const result = await pierhead(["copy", image, `oci:${own}`]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`${own}: is not empty, and no OCI image layout`);
    expect(readdirSync(own)).toEqual(["mine"]);
  });

  test("takes a source that is there only", async () => {
    const own = folder();
    const missing = await pierhead(["copy", "oci:missing", `${empty()}:1`], { cwd: own });
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(problem(missing)).toContain("missing: no such file or directory");
    const unnamed = await pierhead(["copy", `oci:${fixtureLayout}:other`, `${empty()}:1`]);
    expect(unnamed).toMatchObject({ code: 2, stdout: "" });
    expect(problem(unnamed)).toContain("INVALID_REFERENCE");
  });

  test("says which images a layout has, where none is named", async () => {
    const source = makeLayout(folder());
    const named = (name: string) => ({
      ...addImage(source, name),
      annotations: { "org.opencontainers.image.ref.name": name },
    });
    addIndex(source, [named("first"), named("second")]);
    const result = await pierhead(["copy", source, `${empty()}:1`]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("AMBIGUOUS_REFERENCE: the layout holds several images: first, second");
    expect(await pierhead(["copy", "-q", `oci:${source}:second`, `${empty()}:1`])).toMatchObject({ code: 0 });
  });

  test.each(["0", "65", "many"])("takes no concurrency of %s", async (number) => {
    const result = await pierhead(["copy", "a:1", "b:1", "--concurrency", number]);
    expect(problem(result)).toMatch(/It has to be a whole number/);
  });

  test.each(["corrupt", "truncated", "long"])("gives no name to what is %s on its way", async (fault) => {
    const host = await startDetour(registry, ({ kind, reference }) =>
      kind === "blobs" && reference === partsOf(amd64).layers[1].digest ? `faults/${fault}` : "hello",
    );
    const layout = join(folder(), "layout");
    const result = await pierhead(["copy", "-q", `${host}/hello:1.0`, `oci:${layout}`]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(problem(result)).toMatch(/DIGEST_MISMATCH|SIZE_MISMATCH|BODY_TRUNCATED/);
    // Without anything in it, there is no layout.
    if (existsSync(layout)) {
      expect(names(layout)).toEqual({});
      expect(blobs(layout)).not.toContain(partsOf(amd64).layers[1].digest);
    }
    // What is good is not fetched again.
    const again = await pierhead(["copy", "-q", image, `oci:${layout}`]);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    await verify(layout);
  });
});

describe.concurrent("pierhead pull", TIMEOUT, () => {
  test("makes a layout by the repository's name, which takes other images too", async () => {
    const own = folder();
    expect(await pierhead(["pull", image, "-q"], { cwd: own })).toMatchObject({
      code: 0,
      stdout: `${hello.digest}  oci:hello:1.0\n`,
    });
    const one = ["pull", "-q", `${registry.host}/hello@${arm64.digest}`, "-o", "oci:hello:arm"];
    expect(await pierhead(one, { cwd: own })).toMatchObject({ code: 0, stdout: `${arm64.digest}  oci:hello:arm\n` });
    expect(readdirSync(own)).toEqual(["hello"]);
    expect(names(join(own, "hello"))).toEqual({ "1.0": hello.digest, arm: arm64.digest });
  });

  test("names another way where there is something else by that name", async () => {
    const own = folder();
    mkdirSync(join(own, "hello"));
    writeFileSync(join(own, "hello", "mine"), "");
    const result = await pierhead(["pull", image], { cwd: own });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("hello: is not empty, and no OCI image layout; name another place with --output");
  });

  test("makes an archive, but not over a file, unless told to", async () => {
    const file = join(folder(), "image.tar");
    const pull = (...more: string[]) => pierhead(["pull", image, "-q", "-o", file, ...more]);
    expect(await pull()).toMatchObject({ code: 0, stdout: `${hello.digest}  oci-archive:${file}:1.0\n` });
    const first = readFileSync(file);
    const again = await pull();
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(problem(again)).toContain(`${file}: there is such a file, which --force overwrites`);
    writeFileSync(file, "mine");
    expect(await pull("--force")).toMatchObject({ code: 0 });
    expect(readFileSync(file).equals(first)).toBe(true);
    const name = empty();
    expect(await pierhead(["push", file, `${name}:1`, "-q"])).toMatchObject({ code: 0 });
    await verify(`${name}:1`);
  });

  test("compresses no archive", async () => {
    const result = await pierhead(["pull", image, "-o", join(folder(), "image.tar.gz")]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("name it .tar");
  });

  test("writes an archive on standard output, and all else elsewhere", async () => {
    const script = `"$1" "$2" pull "$3" -q -o - | "$1" "$2" push - "$4" -q`;
    const name = empty();
    const args = ["-c", script, "sh", process.execPath, MAIN, image, `${name}:1`];
    const { stdout } = await promisify(execFile)("sh", args, { env: ENVIRONMENT });
    expect(stdout).toBe(`${hello.digest}  ${name}:1\n`);
    await verify(`${name}:1`);
  });

  test("writes no archive on a terminal", async () => {
    const result = await pierhead(["pull", image, "-o", "-"], { terminal: 80 });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("an archive is not for a terminal");
  });

  test.each([
    ["a folder", "layout"],
    ["an archive", "image.tar"],
  ])("leaves nothing half-written of %s when it is interrupted", async (_, target) => {
    const [, layer] = partsOf(amd64).layers;
    const host = await serve((request, response) => {
      if (!request.url?.endsWith(layer.digest)) {
        const Location = `http://${registry.host}${request.url}`;
        response.writeHead(307, { Location, "Content-Length": "0" }).end();
        return;
      }
      response.writeHead(200, { "Content-Length": String(layer.size) });
      // And then nothing.
      response.write(readFileSync(blobPath(fixtureLayout, layer)).subarray(0, 10));
    });
    const own = folder();
    const { process, ended } = start(["pull", `${host}/hello:1.0`, "-o", target, "--concurrency", "1"], { cwd: own });
    await expect.poll(() => readdirSync(own, { recursive: true }).length, { timeout: 10_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "" });
    const left = readdirSync(own, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { name, parentPath } of left) {
      expect(name).not.toMatch(/tmp|part|lock/);
      if (parentPath.endsWith("sha256")) await expectDigest(join(parentPath, name), name);
    }
    if (target === "image.tar") expect(left).toEqual([]);
    else if (left.length > 0) expect(names(join(own, target))).toEqual({});
  });
});

async function expectDigest(file: string, hex: string): Promise<void> {
  expect((await pierhead(["digest", file])).stdout).toContain(`sha256:${hex} `);
}

describe.concurrent("pierhead push", TIMEOUT, () => {
  test("pushes a layout", async () => {
    const name = empty();
    const { code, stdout, stderr } = await pierhead(["push", fixtureLayout, `${name}:1`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${hello.digest}  ${name}:1\n` });
    const lines = stderr.split("\n").slice(0, -1);
    expect(lines.map((line) => line.slice(0, 71)).sort()).toEqual(digests);
    await verify(`${name}:1`);
    const again = await pierhead(["push", "--json", fixtureLayout, `${name}:1`]);
    const outcomes = (jsonLines(again.stderr) as { digest: string; outcome: string }[])
      .filter(({ digest }) => digest !== hello.digest)
      .map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(["exists"]));
  });

  test("pushes what docker save has written", async () => {
    const file = join(folder(), "saved.tar");
    const layer = "a layer";
    const hash = (content: string) => createHash("sha256").update(content).digest("hex");
    const rootfs = { type: "layers", diff_ids: [`sha256:${hash(layer)}`] };
    const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs });
    const Config = `${hash(config)}.json`;
    const saved = [{ Config, RepoTags: ["example/app:1.0"], Layers: ["a/layer.tar"] }];
    const entries = [
      { name: Config, content: config },
      { name: "a/layer.tar", content: layer },
      { name: "manifest.json", content: JSON.stringify(saved) },
    ];
    writeFileSync(file, tar(entries));
    for (const source of [file, `docker-archive:${file}`, `docker-archive:${file}:example/app:1.0`]) {
      const name = empty();
      const result = await pierhead(["push", source, `${name}:1`, "-q"]);
      expect(result).toMatchObject({ code: 0, stderr: "" });
      await verify(`${name}:1`);
    }
  });

  test.each([
    ["an image in a registry", ["alpine:3.22", "r.example/x:1"], "is an image in a registry, not a layout"],
    ["what is not there", ["./missing", "r.example/x:1"], "./missing: no such file or directory"],
    ["what is no archive", [join(fixtureLayout, "index.json"), "r.example/x:1"], "INVALID_ARCHIVE"],
    ["a target that is none", [fixtureLayout, "A B"], "INVALID_REFERENCE"],
  ])("says what is wrong with %s", async (_, args, message) => {
    const result = await pierhead(["push", ...args]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(message);
  });
});

import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixtureLayout, startRegistry } from "../../support/registry.mjs";
import { startDetour } from "./detour.ts";
import {
  addImage,
  addIndex,
  amd64,
  arm64,
  blobPath,
  copyLayout,
  hello,
  INDEX,
  makeLayout,
  type Part,
  partsOf,
} from "./image.ts";
import { jsonLines, pierhead, problem, type Result, scratch, start, TIMEOUT } from "./run.ts";

const cwd = await scratch();
const registry = await startRegistry();
afterAll(() => registry.close());
const image = `${registry.host}/hello`;

/** What is below an index comes before it, and below a manifest likewise. */
const ALL: readonly Part[] = [partsOf(amd64).config, amd64, partsOf(arm64).config, arm64, hello];

interface Verdict {
  readonly file: string;
  readonly valid: boolean;
  readonly digest: string | null;
  readonly issues: readonly { readonly rule: string; readonly severity: string; readonly pointer: string }[];
}

async function verdicts(...args: string[]): Promise<{ result: Result; verdicts: Verdict[] }> {
  const result = await pierhead(["validate", "--json", ...args], { cwd });
  return { result, verdicts: jsonLines(result.stdout) as Verdict[] };
}

/** The errors, by the files that they are found in. */
async function errors(...args: string[]): Promise<Record<string, string[]>> {
  const { result, verdicts: all } = await verdicts(...args);
  const found = all.flatMap(({ file, issues }) => {
    const worst = issues.filter(({ severity }) => severity === "error");
    return worst.length === 0 ? [] : [[file, worst.map(({ rule, pointer }) => `${rule} ${pointer}`)] as const];
  });
  expect(result).toMatchObject({ code: found.length > 0 ? 1 : 0, stderr: "" });
  return Object.fromEntries(found);
}

/** Where a layout keeps a part, as it is reported. */
function inLayout(folder: string, part: Part): string {
  return blobPath(folder, part);
}

function damaged(name: string): string {
  copyLayout(join(cwd, name));
  return name;
}

describe.concurrent("pierhead validate, of an image layout", TIMEOUT, () => {
  test("judges every document in it, and says where it is", async () => {
    copyLayout(join(cwd, "whole"));
    const { result, verdicts: all } = await verdicts("whole");
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(all.map(({ file, valid }) => [file, valid])).toEqual(
      ["whole/oci-layout", ...ALL.map((part) => inLayout("whole", part)), "whole/index.json"].map((file) => [
        file,
        true,
      ]),
    );
    expect(all.slice(1, -1).map(({ digest }) => digest)).toEqual(ALL.map(({ digest }) => digest));
  });

  test.each(["./dots", "dots/", "."])("is found by the name %j", async (name) => {
    const folder = await scratch();
    copyLayout(join(folder, "dots"));
    const options = { cwd: name === "." ? join(folder, "dots") : folder };
    const { code, stdout } = await pierhead(["validate", name], options);
    expect(code).toBe(0);
    expect(stdout).toMatch(name === "." ? /^oci-layout: valid / : /^dots\/oci-layout: valid /);
    expect(stdout).toMatch(/\n7 documents: 7 valid, 0 invalid, /);
  });

  test("finds what is not what its descriptor says, where the descriptor is", async () => {
    const folder = damaged("damaged");
    const [layer, other] = partsOf(amd64).layers;
    const bytes = await readFile(join(cwd, blobPath(folder, other)));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(join(cwd, blobPath(folder, other)), bytes);
    await rm(join(cwd, blobPath(folder, partsOf(arm64).layers[1])));
    await writeFile(join(cwd, blobPath(folder, layer)), "short");
    expect(await errors(folder)).toEqual({
      [inLayout(folder, amd64)]: ["content.size /layers/0", "content.digest /layers/1"],
    });
    const { verdicts: all } = await verdicts(folder);
    const rules = all.flatMap(({ issues }) => issues.map(({ rule, pointer }) => `${rule} ${pointer}`));
    expect(rules).toContain("image-layout.blob.missing /layers/1");
  });

  test("finds a document that breaks rules, and shows its line", async () => {
    const folder = makeLayout(join(cwd, "broken"));
    const manifest = addImage(folder, "layer", { layers: 7 });
    addIndex(folder, [manifest]);
    const { code, stdout } = await pierhead(["validate", "broken"], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain(`\n${inLayout("broken", manifest)}: invalid image manifest (`);
    expect(stdout).toMatch(/ error manifest\.property\.type: .*\n {4}at \/layers\n {4}1 \| .*\n {6}\| +\^\n/);
  });

  test("finds files that are missing, and others that have no place there", async () => {
    const folder = damaged("stray");
    await rm(join(cwd, folder, "oci-layout"));
    await writeFile(join(cwd, folder, "blobs", "sha256", "0".repeat(64)), "not of this digest");
    await writeFile(join(cwd, folder, "blobs", "notes.txt"), "");
    const found = await errors(folder);
    expect(found).toEqual({
      "stray/oci-layout": ["image-layout.header.required "],
      [`stray/blobs/sha256/${"0".repeat(64)}`]: ["image-layout.blob.digest "],
      "stray/blobs/notes.txt": ["image-layout.blob.name "],
    });
    const text = await pierhead(["validate", folder], { cwd });
    expect(text.stdout).toContain("stray/oci-layout: invalid document of unknown kind\n");
    expect((await verdicts(folder)).verdicts.find(({ file }) => file === "stray/oci-layout")?.digest).toBeNull();
  });

  test("is what a folder has to be", async () => {
    await mkdir(join(cwd, "empty"));
    const result = await pierhead(["validate", "empty"], { cwd });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toBe("empty: not an OCI image layout: it has neither oci-layout nor index.json");
  });

  test("goes with --platform to the image for it, and no further", async () => {
    const { verdicts: all } = await verdicts("--platform", "linux/arm64/v8", fixtureLayout);
    expect(all.map(({ file }) => file)).toEqual(
      [partsOf(arm64).config, arm64].map((part) => inLayout(fixtureLayout, part)),
    );
  });

  test("is not searched for a platform in an index that is not what its descriptor says", async () => {
    const folder = damaged("misled");
    const path = join(cwd, blobPath(folder, hello));
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(arm64.digest, amd64.digest));
    const result = await pierhead(["validate", "--platform", "linux/arm64", folder], { cwd });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("misled: DIGEST_MISMATCH: ");
  });

  test("is not quoted where a link leads out of it", async () => {
    const secret = '{"auths":{"registry.example":{"auth":"aHVudGVyMg=="}}}';
    await writeFile(join(cwd, "config.json"), secret);
    const folder = damaged("linked");
    const [header, index] = ["oci-layout", "index.json"].map((name) => join(cwd, folder, name)) as [string, string];
    await rm(header);
    await symlink("../config.json", header);
    await rename(index, join(cwd, folder, "moved.json"));
    await symlink("moved.json", index);
    const { code, stdout } = await pierhead(["validate", folder], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain("linked/oci-layout:1:1 error layout.");
    expect(stdout).not.toContain("auth");
    // What stays in it is.
    expect(stdout).toContain('    1 | {"schemaVersion"');
  });

  test("says which index on the way to a platform is missing", async () => {
    const folder = damaged("halved");
    await rm(join(cwd, blobPath(folder, hello)));
    const result = await pierhead(["validate", "--platform", "linux/arm64", folder], { cwd });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toBe(`halved: the index ${hello.digest} is missing`);
  });

  test("is reported by the paths of its files as SARIF", async () => {
    const folder = makeLayout(join(cwd, "sarif layout"));
    const manifest = addImage(folder, "layer", { layers: 7 });
    addIndex(folder, [manifest]);
    const { stdout } = await pierhead(["validate", "--format", "sarif", "sarif layout"], { cwd });
    const [{ results }] = JSON.parse(stdout).runs;
    const uri = inLayout("sarif layout", manifest).replace(" ", "%20");
    expect(results).toContainEqual(
      expect.objectContaining({
        ruleId: "manifest.property.type",
        locations: [
          expect.objectContaining({
            physicalLocation: expect.objectContaining({
              artifactLocation: expect.objectContaining({ uri }),
            }),
          }),
        ],
      }),
    );
  });
});

describe.concurrent("pierhead validate, of a registry", TIMEOUT, () => {
  test.each([`${image}:1.0`, `${image}@${hello.digest}`])("judges every document of %s", async (reference) => {
    const { result, verdicts: all } = await verdicts(reference);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(all.map(({ file, digest }) => [file, digest])).toEqual(
      ALL.map(({ digest }) => [`${image}@${digest}`, digest]),
    );
  });

  test("goes with --platform to the image for it, and no further", async () => {
    const { verdicts: all } = await verdicts("--platform", "linux/amd64", `${image}:1.0`);
    expect(all.map(({ digest }) => digest)).toEqual([partsOf(amd64).config.digest, amd64.digest]);
    const result = await pierhead(["validate", "--platform", "linux/s390x", `${image}:1.0`]);
    expect(result.code).toBe(2);
    expect(problem(result)).toMatch(/hello:1\.0: nothing in the index is for linux\/s390x: /);
  });

  test("says what is wrong with a manifest that no client would take, at its line", async () => {
    const { code, stdout } = await pierhead(["validate", `${registry.host}/faults/html:1.0`]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/@sha256:[a-f0-9]{64}:1:1 error json\.syntax: /);
  });

  test("says that a manifest was served by another media type than its own", async () => {
    const found = await errors(`${registry.host}/faults/wrong-type:1.0`);
    expect(Object.values(found).flat()).toContain("ambiguity.media-type /mediaType");
  });

  /** The index and the manifests come as they are, and blobs as they should not. */
  test.each([
    ["truncated", "content.size"],
    ["truncated-chunked", "content.size"],
    ["long", "content.size"],
    ["corrupt", "content.digest"],
    ["absent", "graph.missing"],
  ])("finds blobs that are %s", async (fault, rule) => {
    const host = await startDetour(registry, ({ name, kind }) => (kind === "blobs" ? name : "hello"));
    const name = `${host}/faults/${fault}`;
    const found = await errors(`${name}:1.0`);
    // The first layer is in both.
    for (const [{ digest }, ...places] of [
      [amd64, "/config", "/layers/0", "/layers/1"],
      [arm64, "/config", "/layers/1"],
    ] as const) {
      expect(found[`${name}@${digest}`]).toEqual(expect.arrayContaining(places.map((place) => `${rule} ${place}`)));
    }
  });

  /** The tag leads to the index as it is, and its digests to what they should not. */
  test.each([
    ["corrupt", "content.digest"],
    ["absent", "graph.missing"],
  ])("finds manifests that are %s", async (fault, rule) => {
    const host = await startDetour(registry, ({ name, reference }) => (reference === "1.0" ? "hello" : name));
    const name = `${host}/faults/${fault}`;
    expect(await errors(`${name}:1.0`)).toEqual({
      [`${name}@${hello.digest}`]: [`${rule} /manifests/0`, `${rule} /manifests/1`],
    });
  });

  test.each([
    ["corrupt", "DIGEST_MISMATCH"],
    ["cut", "CONNECTION_LOST"],
    ["denied", "AUTH_FAILED"],
  ])("ends with 2 where nothing of it can be had: %s", async (fault, code) => {
    const name = `${registry.host}/faults/${fault}:1.0`;
    const result = await pierhead(["validate", name]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`${name}: ${code}: `);
  });

  test.each(["stall", "silent"])("can be given up where it does not go on: %s", async (fault) => {
    const host = await startDetour(registry, ({ name, kind }) => (kind === "blobs" ? name : "hello"));
    const { process, ended } = start(["validate", "--json", `${host}/faults/${fault}:1.0`]);
    const path = `/v2/faults/${fault}/blobs/${partsOf(amd64).config.digest}`;
    await expect.poll(() => registry.requests.map((request) => request.path), { timeout: 10_000 }).toContain(path);
    process.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
  });

  test("ends with 2 where there is no such image, and reports on the others", async () => {
    const result = await pierhead(["validate", `${image}:2.0`, `${image}:1.0`]);
    expect(result.code).toBe(2);
    expect(problem(result)).toMatch(/^127\.0\.0\.1:\d+\/hello:2\.0: REGISTRY_ERROR: .*MANIFEST_UNKNOWN/);
    expect(result.stdout).toMatch(/\n6 documents: 5 valid, 0 invalid, 1 not read, /);
  });
});

test("options that are of files, or of images, are refused for the other", TIMEOUT, async () => {
  const typed = await pierhead(["validate", "--media-type", INDEX, fixtureLayout]);
  expect(problem(typed)).toMatch(/: --media-type is for documents in files$/);
  const chosen = await pierhead(["validate", "--platform", "linux/amd64", join(fixtureLayout, "index.json")]);
  expect(problem(chosen)).toMatch(/: --platform is for images and layouts$/);
  expect([typed.code, chosen.code]).toEqual([2, 2]);
});

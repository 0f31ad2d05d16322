import { appendFile, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { faultNames, startRegistry } from "../../support/registry.mjs";
import { startDetour } from "./detour.ts";
import {
  addBlob,
  addImage,
  addIndex,
  amd64,
  arm64,
  blobPath,
  copyLayout,
  hello,
  INDEX,
  type Inspection,
  MANIFEST,
  makeLayout,
  type Node,
  type Part,
  partsOf,
} from "./image.ts";
import { jsonLines, pierhead, problem, type Result, scratch, serve, start, TIMEOUT } from "./run.ts";

const cwd = await scratch();
const registry = await startRegistry();
afterAll(() => registry.close());

/** What becomes of an image whose every answer has the fault, and of one whose blobs alone have it. */
const FAULTS: Record<string, { image: [number, string]; blobs: string }> = {
  truncated: { image: [1, "DIGEST_MISMATCH"], blobs: "BODY_TRUNCATED" },
  "truncated-chunked": { image: [1, "DIGEST_MISMATCH"], blobs: "BODY_TRUNCATED" },
  long: { image: [1, "DIGEST_MISMATCH"], blobs: "SIZE_MISMATCH" },
  corrupt: { image: [1, "DIGEST_MISMATCH"], blobs: "DIGEST_MISMATCH" },
  cut: { image: [2, "CONNECTION_LOST"], blobs: "CONNECTION_LOST" },
  huge: { image: [1, "TOO_LARGE"], blobs: "SIZE_MISMATCH" },
  html: { image: [1, "INVALID_JSON"], blobs: "BODY_TRUNCATED" },
  "error-500": { image: [2, "REGISTRY_ERROR"], blobs: "REGISTRY_ERROR" },
  "error-endless": { image: [2, "REGISTRY_ERROR"], blobs: "REGISTRY_ERROR" },
  "rate-limited": { image: [2, "REGISTRY_ERROR"], blobs: "REGISTRY_ERROR" },
  denied: { image: [2, "AUTH_FAILED"], blobs: "AUTH_FAILED" },
  "redirect-loop": { image: [2, "UNEXPECTED_RESPONSE"], blobs: "UNEXPECTED_RESPONSE" },
};
/** Of a manifest only: the media type and the digest of a blob are its descriptor's, and a blob that breaks off is read on. */
const MANIFEST_FAULTS: Record<string, [number, string]> = {
  "wrong-type": [1, "MEDIA_TYPE_MISMATCH"],
  "wrong-digest": [1, "DIGEST_MISMATCH"],
  "cut-often": [2, "CONNECTION_LOST"],
};
const HARMLESS = ["no-length", "gzip", "redirect"];
/** Blobs are gone on with where their connection broke. */
const MENDED = ["cut-often"];
const ENDLESS = ["stall", "silent"];

/** Leads to good manifests, and to blobs of the repository `faults/<name>`. */
const detour = await startDetour(registry, ({ name, kind }) => (kind === "blobs" ? `faults/${name}` : "hello"));

/** Where nothing answers. */
const nowhere = await startRegistry();
await nowhere.close();

function inspect(...args: string[]): Promise<Result> {
  return pierhead(["inspect", "--json", ...args], { cwd });
}

/** What is found not to be all right, once it is certain that it is said in both ways, and with the exit status 1. */
async function failures(target: string): Promise<{ inspection: Inspection; failed: Node[] }> {
  const result = await inspect(target);
  const [inspection] = jsonLines(result.stdout) as [Inspection];
  const failed = parts(inspection.root).filter(({ status }) => status === "failed");
  const digests = new Set(failed.map(({ digest }) => digest));
  expect(result.code).toBe(1);
  expect(inspection).toMatchObject({ target, verified: false, totals: { failed: digests.size } });
  const [{ role, digest, error } = inspection.root] = failed;
  const reason = [error?.code, error?.message].filter((word) => word !== undefined).join(": ");
  expect(problem(result)).toContain(` not verify: ${role} ${digest}: ${reason}`);
  return { inspection, failed };
}

function parts(node: Node): Node[] {
  return [node, ...node.children.flatMap(parts)];
}

test("every fault that there is has a test here", () => {
  const tested = [...Object.keys(FAULTS), ...Object.keys(MANIFEST_FAULTS), ...HARMLESS, ...ENDLESS];
  expect(tested.sort()).toEqual([...faultNames].sort());
});

describe.concurrent("an image whose registry is faulty is not shown:", TIMEOUT, () => {
  test.each([
    ...Object.entries(FAULTS).map(([fault, { image }]) => [fault, ...image] as const),
    ...Object.entries(MANIFEST_FAULTS).map(([fault, error]) => [fault, ...error] as const),
  ])("%s ends with %i and %s", async (fault, code, error) => {
    const target = `${registry.host}/faults/${fault}:1.0`;
    const result = await inspect(target);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(problem(result)).toContain(`${target}: ${error}: `);
  });

  test.each(["truncated-chunked", "long", "corrupt", "html"])("%s, by digest, is another content", async (fault) => {
    const target = `${registry.host}/faults/${fault}@${hello.digest}`;
    const result = await inspect(target);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(problem(result)).toContain(`${target}: DIGEST_MISMATCH: `);
  });
});

describe.concurrent("a registry whose blobs are faulty fails each of them:", TIMEOUT, () => {
  test.each(Object.entries(FAULTS).map(([fault, { blobs }]) => [fault, blobs]))("%s, with %s", async (fault, code) => {
    const { failed, inspection } = await failures(`${detour}/${fault}:1.0`);
    expect(inspection.totals).toMatchObject({ verified: 3, failed: 5 });
    for (const { role, error } of failed) {
      expect(["config", "layer"]).toContain(role);
      expect(error?.code).toBe(code);
    }
  });

  test.each([...Object.keys(MANIFEST_FAULTS), ...HARMLESS, ...MENDED])("but not %s", async (fault) => {
    expect(await inspect(`${detour}/${fault}:1.0`)).toMatchObject({ code: 0, stderr: "" });
  });
});

test.concurrent.each(HARMLESS)("%s does no harm", TIMEOUT, async (fault) => {
  expect(await inspect(`${registry.host}/faults/${fault}:1.0`)).toMatchObject({ code: 0, stderr: "" });
});

describe.concurrent("a registry that does not go on can be given up:", TIMEOUT, () => {
  const targets = ENDLESS.flatMap((fault) => [
    [`${registry.host}/faults/${fault}:1.0`, `/v2/faults/${fault}/manifests/1.0`],
    [`${detour}/${fault}:1.0`, `/v2/faults/${fault}/blobs/${partsOf(amd64).config.digest}`],
  ]);
  test.each(targets)("%s", async (target, path) => {
    const { process, ended } = start(["inspect", "--json", target]);
    await expect.poll(() => registry.requests.map((request) => request.path), { timeout: 10_000 }).toContain(path);
    process.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
  });
});

describe.concurrent("an index of a registry is not taken at its word:", TIMEOUT, () => {
  test.each<[string, (manifest: Part) => Part[], string]>([
    ["the size of a manifest", (manifest) => [{ ...manifest, size: manifest.size + 1 }], "SIZE_MISMATCH"],
    ["the media type", (manifest) => [manifest, { ...manifest, mediaType: INDEX }], "MEDIA_TYPE_MISMATCH"],
  ])("%s", async (claim, manifestsOf, code) => {
    const layout = makeLayout(join(cwd, claim));
    const manifests = manifestsOf(addImage(layout, "layer"));
    const index = addBlob(layout, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
    addIndex(layout, [{ ...index, annotations: { "org.opencontainers.image.ref.name": "1.0" } }]);
    const own = await startRegistry({ layout });
    const { failed } = await failures(`${own.host}/hello:1.0`);
    await own.close();
    expect(failed).toMatchObject([{ ...manifests.at(-1), error: { code } }]);
  });
});

describe.concurrent("what is not there ends with 2:", TIMEOUT, () => {
  test.each([
    ["a tag", `${registry.host}/hello:2.0`, /REGISTRY_ERROR: .*404.*MANIFEST_UNKNOWN/],
    ["a repository", `${registry.host}/goodbye:1.0`, /REGISTRY_ERROR: .*404.*NAME_UNKNOWN/],
    ["a registry", `${nowhere.host}/hello:1.0`, /CONNECTION_FAILED: .*[(; ]connection refused\)$/],
    ["a file", "./missing.json", /^\.\/missing\.json: no such file or directory$/],
    ["a layout in a folder", cwd, /oci-layout: no such file or directory$/],
  ])("%s", async (_, target, message) => {
    const result = await inspect(target);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toMatch(message);
  });
});

describe.concurrent("the secrets of a URL stay out of what is said of it:", TIMEOUT, () => {
  const location = (url: string) => ({ status: 307, headers: { Location: url } });
  const realm = (url: string) => ({
    status: 401,
    headers: { "WWW-Authenticate": `Bearer realm="${url}",service="x"` },
  });
  test.each([
    ["a redirect that is signed", location(`http://${nowhere.host}/blob?X-Amz-Signature=hunter2`)],
    ["a redirect with credentials", location(`http://someone:hunter2@${nowhere.host}/blob`)],
    ["a realm with a key", realm(`http://${nowhere.host}/token?key=hunter2`)],
    ["a realm with credentials", realm(`http://someone:hunter2@${nowhere.host}/token`)],
  ])("%s", async (_, { status, headers }) => {
    const host = await serve((_, response) => void response.writeHead(status, headers).end());
    const result = await inspect(`${host}/x:1`);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).not.toContain("hunter2");
  });
});

describe.concurrent("a damaged part of a layout is found:", TIMEOUT, () => {
  const { config, layers } = partsOf(amd64);
  const [, layer] = layers;
  const damages: [string, Part, (path: string) => Promise<unknown>, string][] = [
    ["a bit of a layer that is wrong", layer, flip, "DIGEST_MISMATCH"],
    ["a layer that is cut", layer, (path) => truncate(path, layer.size - 1), "BODY_TRUNCATED"],
    ["a layer that is longer", layer, (path) => appendFile(path, "x"), "SIZE_MISMATCH"],
    ["a layer that is missing", layer, rm, "ENOENT"],
    ["a bit of a configuration that is wrong", config, flip, "DIGEST_MISMATCH"],
    ["a bit of a manifest that is wrong", amd64, flip, "DIGEST_MISMATCH"],
    ["a bit of an index that is wrong", hello, flip, "DIGEST_MISMATCH"],
  ];
  test.each(damages.map((damage, index) => [...damage, index] as const))("%s", async (_, part, damage, code, index) => {
    const layout = copyLayout(join(cwd, `damaged-${index}`));
    await damage(blobPath(layout, part));
    const { failed } = await failures(layout);
    expect(failed).toMatchObject([{ digest: part.digest, error: { code } }]);
  });

  test("a folder in place of a layer", async () => {
    const layout = copyLayout(join(cwd, "folder-for-blob"));
    await rm(blobPath(layout, layer));
    await mkdir(blobPath(layout, layer));
    expect((await failures(layout)).failed).toMatchObject([{ digest: layer.digest }]);
  });

  test("and what is around it is verified all the same", async () => {
    const layout = copyLayout(join(cwd, "one-damaged"));
    await flip(blobPath(layout, amd64));
    const { inspection } = await failures(layout);
    const [index] = inspection.root.children;
    expect(index?.children).toMatchObject([
      { digest: amd64.digest, status: "failed", children: [] },
      { digest: arm64.digest, status: "verified" },
    ]);
    expect(inspection.totals).toMatchObject({ verified: 5, failed: 1 });
  });

  test("and people see which, and why", async () => {
    const layout = copyLayout(join(cwd, "damaged-for-people"));
    await flip(blobPath(layout, layer));
    const { stdout } = await pierhead(["inspect", layout]);
    expect(stdout).toMatch(new RegExp(`layer +${layer.digest} .* NOT VERIFIED\\n.*\\n.*  DIGEST_MISMATCH: `));
    expect(stdout).toMatch(/\n7 parts verified \(.*\), 1 not verified\n$/);
  });
});

describe.concurrent("a layout that contradicts itself is found out:", TIMEOUT, () => {
  test("two descriptors of one layer, of which one has a wrong size", async () => {
    const layout = makeLayout(join(cwd, "two-sizes"));
    const manifest = addImage(layout, "layer");
    const { layers } = JSON.parse(await readFile(blobPath(layout, manifest), "utf8")) as { layers: [Part] };
    addIndex(layout, [manifest, addImage(layout, "layer", { layers: [{ ...layers[0], size: 6 }] })]);
    const { failed } = await failures(layout);
    expect(failed).toMatchObject([{ role: "layer", size: 6, repeated: true, error: { code: "SIZE_MISMATCH" } }]);
  });

  test("a manifest that is declared to be an index", async () => {
    const layout = makeLayout(join(cwd, "other-type"));
    addIndex(layout, [{ ...addImage(layout, "layer"), mediaType: INDEX }]);
    expect((await failures(layout)).failed).toMatchObject([{ role: "index", error: { code: "MEDIA_TYPE_MISMATCH" } }]);
  });

  test("indexes in indexes without an end in sight", async () => {
    const layout = makeLayout(join(cwd, "deep"));
    let inner = addImage(layout, "layer");
    for (let depth = 0; depth < 20; depth += 1) {
      inner = addBlob(layout, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [inner] });
    }
    addIndex(layout, [inner]);
    expect((await failures(layout)).failed).toMatchObject([{ role: "index", error: { code: "TOO_DEEP" } }]);
  });

  test.each([
    [
      "another version",
      "oci-layout",
      '{"imageLayoutVersion":"2.0.0"}',
      2,
      /: not an OCI image layout of version 1\.0\.0$/,
    ],
    ["an index that is no JSON", "index.json", "{", 1, /: INVALID_JSON: /],
    [
      "a digest that is a path",
      "index.json",
      JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [{ mediaType: MANIFEST, digest: "sha256:../../oci-layout", size: 31 }],
      }),
      1,
      /: INVALID_MANIFEST: .*\/manifests\/0\/digest$/,
    ],
  ])("%s", async (_, file, text, code, message) => {
    const layout = copyLayout(join(cwd, `layout-with-${code}-${text.length}`));
    await writeFile(join(layout, file), text);
    const result = await inspect(layout);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(problem(result)).toMatch(message);
  });
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fixtureLayout, startRegistry } from "../../support/registry.mjs";
import {
  addBlob,
  addImage,
  addIndex,
  amd64,
  arm64,
  blobPath,
  hello,
  helloNode,
  INDEX,
  type Inspection,
  MANIFEST,
  makeLayout,
  manifestNode,
  type Part,
  partsOf,
} from "./image.ts";
import { jsonLines, pierhead, problem, scratch, serve, TIMEOUT } from "./run.ts";

const OTHER_LAYER = partsOf(arm64).layers[1];
/** Every part of `hello:1.0` but the index, once. */
const BELOW: readonly Part[] = [amd64, partsOf(amd64).config, ...partsOf(amd64).layers]
  .concat([arm64, partsOf(arm64).config])
  .concat(OTHER_LAYER);
const BYTES = BELOW.reduce((total, { size }) => total + size, hello.size);

const cwd = await scratch();
const registry = await startRegistry();
afterAll(() => registry.close());
const image = `${registry.host}/hello:1.0`;

/** What is found to be all right. */
async function inspected(...args: string[]): Promise<Inspection> {
  const { code, stdout, stderr } = await pierhead(["inspect", "--json", ...args], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [inspection, ...others] = jsonLines(stdout) as [Inspection];
  expect(others).toEqual([]);
  return inspection;
}

/** The tree of a text, without what differs from image to image. */
function tree(stdout: string): string {
  return stdout.replace(/ +sha256:[a-f0-9]{64} +[\d.]+ (?:B|KiB)/g, "");
}

describe.concurrent("pierhead inspect, of a registry", TIMEOUT, () => {
  test("shows index, manifests, configurations and layers as a tree", async () => {
    const { code, stdout, stderr } = await pierhead(["inspect", image]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(`\n${tree(stdout)}`).toBe(`
${image}
index verified
│   application/vnd.oci.image.index.v1+json
├── manifest verified linux/amd64
│   │   application/vnd.oci.image.manifest.v1+json
│   ├── config verified linux/amd64
│   │   application/vnd.oci.image.config.v1+json
│   ├── layer verified
│   │   application/vnd.oci.image.layer.v1.tar+gzip
│   └── layer verified
│       application/vnd.oci.image.layer.v1.tar+gzip
└── manifest verified linux/arm64
    │   application/vnd.oci.image.manifest.v1+json
    ├── config verified linux/arm64
    │   application/vnd.oci.image.config.v1+json
    ├── layer verified (above)
    │   application/vnd.oci.image.layer.v1.tar+gzip
    └── layer verified
        application/vnd.oci.image.layer.v1.tar+gzip
8 parts verified (${(BYTES / 1024).toFixed(1)} KiB)
`);
  });

  test("shows the digest and the size of every part", async () => {
    const { stdout } = await pierhead(["inspect", image]);
    for (const { digest, size } of [hello, ...BELOW]) {
      const words = size < 1024 ? `${size} B` : `${(size / 1024).toFixed(1)} KiB`;
      expect(stdout).toMatch(new RegExp(`${digest} +${words} verified`));
    }
  });

  test("prints all of it as one line of JSON", async () => {
    expect(await inspected(image)).toEqual({
      target: image,
      verified: true,
      totals: { verified: 8, failed: 0, notRead: 0, bytes: BYTES },
      root: helloNode(),
    });
  });

  test("reads each part once", async () => {
    const own = await startRegistry();
    await inspected(`${own.host}/hello:1.0`);
    await own.close();
    const paths = BELOW.map(({ mediaType, digest }) => {
      return `/v2/hello/${mediaType === MANIFEST ? "manifests" : "blobs"}/${digest}`;
    });
    const asked = own.requests.map(({ method, path }) => `${method} ${path}`);
    expect(asked.sort()).toEqual(["/v2/hello/manifests/1.0", ...paths].map((path) => `GET ${path}`).sort());
  });

  test("asks for nothing that is embedded in its descriptor", async () => {
    const part = (mediaType: string, text: string) => {
      const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
      return { mediaType, digest, size: text.length, data: btoa(text) };
    };
    const config = part("application/vnd.oci.empty.v1+json", "{}");
    const layers = [part("application/vnd.example", "a layer")];
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, artifactType: "application/vnd.example", config, layers };
    const manifests = [part(MANIFEST, JSON.stringify(manifest))];
    const asked: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      asked.push(request.url);
      response.writeHead(200, { "Content-Type": INDEX });
      response.end(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
    });
    const { totals } = await inspected(`${host}/a:1`);
    expect(totals).toMatchObject({ failed: 0, notRead: 0 });
    expect(asked).toEqual(["/v2/a/manifests/1"]);
  });

  test.each([
    ["a digest", `hello@${hello.digest}`],
    ["a tag and a digest", `hello:1.0@${hello.digest}`],
  ])("takes a reference with %s", async (_, name) => {
    expect((await inspected(`${registry.host}/${name}`)).root).toEqual(helloNode());
  });

  test("begins with a manifest where the reference names one", async () => {
    const { platform, ...root } = manifestNode(amd64);
    expect((await inspected(`${registry.host}/hello@${amd64.digest}`)).root).toEqual(root);
  });

  test("gets itself a token where the registry asks for one", async () => {
    const own = await startRegistry({ auth: true });
    expect((await inspected(`${own.host}/hello:1.0`)).root).toEqual(helloNode());
    await own.close();
  });

  test("needs --plain-http to reach another machine without TLS", async () => {
    // Leads to this machine, and is not its name.
    const other = image.replace("127.0.0.1", "0.0.0.0");
    const refused = await pierhead(["inspect", other]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(problem(refused)).toMatch(/^0\.0\.0\.0:\d+\/hello:1\.0: CONNECTION_FAILED: .*https:\/\/0\.0\.0\.0:/);
    expect((await inspected("--plain-http", other)).root).toEqual(helloNode());
  });
});

describe.concurrent("pierhead inspect --manifests-only", TIMEOUT, () => {
  test("reads neither layers nor other blobs, and says so", async () => {
    const own = await startRegistry();
    const { root, totals } = await inspected("--manifests-only", `${own.host}/hello:1.0`);
    await own.close();
    expect(totals).toMatchObject({ verified: 5, failed: 0, notRead: 3 });
    const [, { children } = { children: [] }] = root.children;
    expect(children).toMatchObject([
      { role: "config", status: "verified" },
      { role: "layer", status: "not-read", repeated: true },
      { role: "layer", status: "not-read" },
    ]);
    for (const { digest } of [...partsOf(amd64).layers, OTHER_LAYER]) {
      expect(own.requests.filter(({ path }) => path.endsWith(digest))).toEqual([]);
    }
  });

  test("counts for people what it has not read", async () => {
    const { stdout } = await pierhead(["inspect", "--manifests-only", image]);
    expect(stdout).toMatch(/^5 parts verified \(.*\), 3 not read\n$/m);
  });
});

describe.concurrent("pierhead inspect --platform", TIMEOUT, () => {
  test.each([
    ["linux/amd64", amd64],
    ["linux/arm64", arm64],
    ["linux/arm64/v8", arm64],
    ["linux/amd64/v3", amd64],
    ["linux/arm64/v9.1", arm64],
  ])("%s follows the entry for it, and no other", async (platform, manifest) => {
    expect((await inspected("--platform", platform, image)).root.children).toEqual([manifestNode(manifest)]);
  });

  test.each([[image], [fixtureLayout]])("says what there is, where there is nothing for it: %s", async (target) => {
    const result = await pierhead(["inspect", "--platform", "windows/amd64", target]);
    expect(result.code).toBe(2);
    expect(problem(result)).toBe(
      `${target}: nothing in the index is for windows/amd64: there is linux/amd64, linux/arm64`,
    );
  });

  test("says what an image is for that is not in an index", async () => {
    const target = `${registry.host}/hello@${amd64.digest}`;
    const result = await pierhead(["inspect", "--platform", "linux/s390x", target]);
    expect(result.code).toBe(2);
    expect(problem(result)).toBe(`${target}: the image is for linux/amd64, not for linux/s390x`);
  });
});

describe.concurrent("pierhead inspect, of an OCI image layout", TIMEOUT, () => {
  test("verifies all that its index leads to, and has nothing to verify that by", async () => {
    const { root, totals } = await inspected(fixtureLayout);
    expect(root).toMatchObject({ role: "index", status: "computed" });
    expect(root.children).toEqual([{ ...helloNode(), name: "1.0" }]);
    expect(totals).toEqual({ verified: 8, failed: 0, notRead: 0, bytes: BYTES });
  });

  test("goes into indexes in an index", async () => {
    const layout = makeLayout(join(cwd, "nested"));
    const inner = addBlob(layout, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [addImage(layout, "x")] });
    addIndex(layout, [addBlob(layout, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [inner] })]);
    const { root, totals } = await inspected(layout);
    expect(root.children[0]?.children[0]?.children[0]).toMatchObject({ role: "manifest", status: "verified" });
    expect(totals).toMatchObject({ verified: 5, failed: 0, notRead: 0 });
  });

  test("shows a subject, and reads it where something else points at it alone", async () => {
    const layout = makeLayout(join(cwd, "subject"));
    const subject = addImage(layout, "x");
    const absent = { ...subject, digest: `sha256:${"0".repeat(64)}` };
    addIndex(layout, [addImage(layout, "y", { subject }), addImage(layout, "z", { subject: absent }), subject]);
    const { root } = await inspected(layout);
    const [one, other, itself] = root.children;
    expect(one?.children.at(-1)).toMatchObject({ role: "subject", ...subject, status: "not-read" });
    expect(other?.children.at(-1)).toMatchObject({ role: "subject", ...absent, status: "not-read" });
    expect(itself).toMatchObject({ role: "manifest", ...subject, status: "verified" });
  });
});

describe.concurrent("pierhead inspect, of a file", TIMEOUT, () => {
  const file = blobPath(fixtureLayout, amd64);
  const { config, layers } = partsOf(amd64);
  const notRead = { status: "not-read", children: [] };
  const root = {
    role: "manifest",
    mediaType: MANIFEST,
    digest: amd64.digest,
    size: amd64.size,
    status: "computed",
    children: [
      { role: "config", ...config, ...notRead },
      ...layers.map((layer) => ({ role: "layer", ...layer, ...notRead })),
    ],
  };

  test("computes the digest of a manifest, and does not read what it points at", async () => {
    const totals = { verified: 0, failed: 0, notRead: 3, bytes: 0 };
    expect(await inspected(file)).toEqual({ target: file, verified: true, totals, root });
  });

  test("takes a manifest on standard input", async () => {
    const { code, stdout } = await pierhead(["inspect", "--json", "-"], { stdin: await readFile(file) });
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([{ target: "-", root }]);
  });

  test("shows an index", async () => {
    const { code, stdout } = await pierhead(["inspect", blobPath(fixtureLayout, hello)]);
    expect(code).toBe(0);
    expect(tree(stdout).split("\n").slice(1)).toEqual([
      "index computed",
      "│   application/vnd.oci.image.index.v1+json",
      "├── manifest not read linux/amd64",
      "│   application/vnd.oci.image.manifest.v1+json",
      "└── manifest not read linux/arm64",
      "    application/vnd.oci.image.manifest.v1+json",
      "0 parts verified (0 B), 2 not read",
      "",
    ]);
  });

  test("takes a name for a file where one is there", async () => {
    await writeFile(join(cwd, "alpine"), await readFile(file));
    expect(await inspected("alpine")).toMatchObject({ target: "alpine", root });
  });

  test("says of other documents that they are no manifest", async () => {
    const target = blobPath(fixtureLayout, config);
    const result = await pierhead(["inspect", target]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toMatch(/: neither an image manifest nor an image index$/);
  });
});

/** The examples for Node, by the Node that runs this: the package's lower bound or newer. */
import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { capture, run } from "../../scripts/lib/run.mjs";
import { check } from "../start/count.mjs";
import { fixtureLayout } from "../support/registry.mjs";
import { blobOf, manifestOf, sha256 } from "./registry.mjs";

const program = (name) => join(root, "examples", "node", `${name}.mjs`);
const lines = (text) => text.trim().split("\n");

export async function examples({ host, url, image, scratch }) {
  const node = (name, ...args) => run(process.execPath, [program(name), ...args]);
  const failing = (name, ...args) => capture(process.execPath, [program(name), ...args]);

  await check("node: pull writes a layout that validate finds good, and says so when it is not", async () => {
    const folder = join(scratch, "pulled");
    const digests = lines(await node("pull", host, "hello:1.0", folder, "--plain-http"));
    assert.deepEqual(digests.sort(), [...image.manifests.keys(), ...image.blobs.keys()].sort());
    // The header, the index, each manifest, each configuration.
    const configs = [...image.manifests.values()].flatMap(({ bytes }) => JSON.parse(bytes).config?.digest ?? []);
    const documents = 2 + image.manifests.size + new Set(configs).size;
    assert.match(await node("validate", folder), new RegExp(`^${folder}: valid, ${documents} read$`, "m"));

    const [[broken]] = image.blobs;
    await writeFile(join(folder, "blobs", ...broken.split(":")), "other bytes");
    const { code, stdout } = await failing("validate", folder);
    assert.equal(code, 1);
    assert.match(stdout, /error content\.size/);
    assert.match(stdout, new RegExp(`^${folder}: not valid`, "m"));
  });

  await check("node: validate tells where a document breaks a rule, and goes on to the next", async () => {
    const bad = join(scratch, "bad.json");
    await writeFile(bad, '{\n  "schemaVersion": 1,\n  "manifests": []\n}');
    const folder = join(scratch, "layout");
    await cp(fixtureLayout, folder, { recursive: true });
    const { code, output } = await failing("validate", bad, join(scratch, "missing.json"), folder);
    assert.equal(code, 1);
    assert.match(output, /bad\.json:2:20 error /);
    assert.match(output, /missing\.json: ENOENT/);
    assert.match(output, new RegExp(`^${folder}: valid`, "m"));
  });

  await check("node: push sends files as an artifact, and no second time", async () => {
    const big = join(scratch, "big.bin");
    const bytes = Buffer.alloc(9_000_000, "pierhead ");
    await writeFile(big, bytes);
    const readme = join(root, "README.md");
    const pushed = () => node("push", host, "files/notes:2.0", readme, big, "--plain-http");
    const first = lines(await pushed());
    assert.deepEqual(first.slice(1, 2), [`${sha256(bytes)} 9000000 uploaded ${big}`]);
    const { digest, manifest } = await manifestOf(url, "files/notes", "2.0");
    assert.equal(first[2], `${digest} files/notes:2.0`);
    assert.equal(manifest.artifactType, "application/vnd.example.files.v1");
    const titles = manifest.layers.map(({ annotations }) => annotations["org.opencontainers.image.title"]);
    assert.deepEqual(titles, ["README.md", "big.bin"]);
    const [held, heldBig] = await Promise.all(manifest.layers.map(({ digest }) => blobOf(url, "files/notes", digest)));
    assert.ok(held.equals(await readFile(readme)));
    assert.ok(heldBig.equals(bytes));

    assert.deepEqual(
      lines(await pushed()),
      first.map((line) => line.replace(" uploaded ", " existed ")),
    );
    await rm(big);
    assert.match((await failing("push", host, "files/notes:2.0", big, "--plain-http")).output, /^push: ENOENT/);
  });

  await check("node: tags lists every tag with its digest", async () => {
    await node("push", host, "files/tagged:b", program("tags"), "--plain-http");
    await node("push", host, "files/tagged:a", program("push"), "--plain-http");
    const [a, b] = await Promise.all(["a", "b"].map((tag) => manifestOf(url, "files/tagged", tag)));
    assert.notEqual(a.digest, b.digest);
    const listed = lines(await node("tags", host, "files/tagged", "--plain-http")).sort();
    assert.deepEqual(listed, [`a ${a.digest}`, `b ${b.digest}`]);
    const { code, output } = await failing("tags", host, "files/nothing", "--plain-http");
    assert.equal(code, 1);
    assert.match(output, /^tags: /);
  });

  for (const name of ["pull", "push", "tags", "validate"]) {
    await check(`node: ${name} says how it is used`, async () => {
      const { code, output } = await failing(name);
      assert.equal(code, 2);
      assert.match(output, new RegExp(`^usage: node ${name}\\.mjs `));
    });
  }
}

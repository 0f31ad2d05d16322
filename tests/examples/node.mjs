/** The examples for Node, by the Node that runs this: the package's lower bound or newer. */
import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Registry } from "pierhead/client";
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

  await check(
    "node: copy takes an image along with what is attached to it, and what is there it leaves alone",
    async () => {
      const root = image.tags.get("1.0");
      const { mediaType, bytes } = image.manifests.get(root);
      const repository = new Registry(url).repository("hello");
      await repository.blobs.push(Buffer.from("{}"));
      const manifest = {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/vnd.example.note.v1",
        config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256("{}"), size: 2 },
        layers: [],
        subject: { mediaType, digest: root, size: bytes.length },
      };
      const { digest: noted } = await repository.manifests.put(Buffer.from(JSON.stringify(manifest)));

      const copied = () => node("copy", `${host}/hello:1.0`, `${host}/copied/hello:2.0`, "--plain-http");
      const count = image.manifests.size + image.blobs.size + 2;
      assert.match(await copied(), new RegExp(`^${root}: \\d+ copied, \\d+ there already, \\d+ mounted\n$`));
      assert.equal((await manifestOf(url, "copied/hello", "2.0")).digest, root);
      for (const digest of [...image.manifests.keys(), noted]) await manifestOf(url, "copied/hello", digest);
      for (const digest of [...image.blobs.keys(), sha256("{}")]) await blobOf(url, "copied/hello", digest);
      const [, again, there] = /: (\d+) copied, (\d+) there already, 0 mounted/.exec(await copied());
      assert.equal(Number(again) + Number(there), count);
      // Only the name is put again.
      assert.ok(Number(again) <= 1, again);

      const one = await node(
        "copy",
        `${host}/hello:1.0`,
        `${host}/copied/arm:1`,
        "--platform=linux/arm64",
        "--plain-http",
      );
      assert.equal(one.split(":").slice(0, 2).join(":"), (await manifestOf(url, "copied/arm", "1")).digest);
      const { code, output } = await failing("copy", `${host}/hello:9`, `${host}/copied/hello:9`, "--plain-http");
      assert.equal(code, 1);
      assert.match(output, /^copy: /);
    },
  );

  for (const name of ["copy", "pull", "push", "tags", "validate"]) {
    await check(`node: ${name} says how it is used`, async () => {
      const { code, output } = await failing(name);
      assert.equal(code, 2);
      assert.match(output, new RegExp(`^usage: node ${name}\\.mjs `));
    });
  }
}

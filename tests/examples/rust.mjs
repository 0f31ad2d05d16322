/** The example for programs in Rust. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { capture, run } from "../../scripts/lib/run.mjs";
import { check } from "../start/count.mjs";
import { Layout } from "../support/layout.mjs";
import { blobOf, manifestOf } from "./registry.mjs";

const EXAMPLE = ["--locked", "--quiet", "--features=native", "--example=native"];

export async function examples({ host, url, image, scratch }) {
  await run("cargo", ["build", ...EXAMPLE]);
  const native = (...args) => capture("cargo", ["run", ...EXAMPLE, "--", ...args]);

  await check("rust: copies an image into a layout, attaches a note, and lists the tags", async () => {
    const folder = join(scratch, "native");
    const { code, stdout, output } = await native(url, "hello:1.0", folder);
    assert.equal(code, 0, output);
    const printed = stdout.trim().split("\n");
    const named = (what) =>
      printed.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));

    const everything = [...image.manifests.values(), ...image.blobs.values()];
    const lines = everything.map(({ digest, bytes }) => `${digest} ${bytes.length}`);
    assert.deepEqual(named("copied").sort(), lines.sort());
    const layout = await Layout.read(folder);
    assert.deepEqual([...layout.tags], [...image.tags]);
    for (const { digest, bytes } of everything) {
      const held = layout.manifests.get(digest) ?? layout.blobs.get(digest);
      assert.ok(held.bytes.equals(bytes), digest);
    }
    const [root] = named("image");
    assert.equal(root, image.tags.get("1.0"));

    const [note] = named("note");
    const pushed = await manifestOf(url, "hello", note);
    assert.equal(pushed.manifest.subject.digest, root);
    const text = await blobOf(url, "hello", pushed.manifest.layers[0].digest);
    assert.equal(text.toString(), "Every byte was verified.\n");
    assert.deepEqual(named("referrer"), [note]);
    assert.ok(named("tag").includes("1.0"), output);
  });

  await check("rust: says what went wrong, in one line", async () => {
    const missing = await native(url, "hello:2.0", scratch);
    assert.equal(missing.code, 1);
    assert.match(missing.output, /^REGISTRY_ERROR: [^\n]+\n$/);
    // Nobody listens on the port for discarding what comes.
    const nobody = await native("http://127.0.0.1:9", "hello:1.0", scratch);
    assert.equal(nobody.code, 1);
    assert.match(nobody.output, /^CONNECTION_FAILED: [^\n]+\n$/);
    assert.equal((await native(host)).code, 2);
  });
}

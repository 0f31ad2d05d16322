/** The example for programs in Rust. */
import assert from "node:assert/strict";
import { capture, run } from "../../scripts/lib/run.mjs";
import { check } from "../start/count.mjs";
import { blobOf, manifestOf } from "./registry.mjs";

const EXAMPLE = ["--locked", "--quiet", "--features=native", "--example=native"];

export async function examples({ host, url, image }) {
  await run("cargo", ["build", ...EXAMPLE]);
  const native = (...args) => capture("cargo", ["run", ...EXAMPLE, "--", ...args]);

  await check("rust: pulls an image, attaches a note, and lists the tags", async () => {
    const { code, stdout, output } = await native(url, "hello:1.0");
    assert.equal(code, 0, output);
    const printed = stdout.trim().split("\n");
    const named = (what) =>
      printed.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));

    const [manifest] = named("manifest");
    const { config, layers } = JSON.parse(image.manifests.get(manifest).bytes);
    assert.deepEqual(
      named("blob"),
      [config, ...layers].map(({ digest, size }) => `${digest} ${size}`),
    );
    const [note] = named("note");
    const pushed = await manifestOf(url, "hello", note);
    assert.equal(pushed.manifest.subject.digest, manifest);
    const text = await blobOf(url, "hello", pushed.manifest.layers[0].digest);
    assert.equal(text.toString(), "Every byte was verified.\n");
    assert.deepEqual(named("referrer"), [note]);
    assert.ok(named("tag").includes("1.0"), output);
  });

  await check("rust: says what went wrong, in one line", async () => {
    const missing = await native(url, "hello:2.0");
    assert.equal(missing.code, 1);
    assert.match(missing.output, /^REGISTRY_ERROR: [^\n]+\n$/);
    // Nobody listens on the port for discarding what comes.
    const nobody = await native("http://127.0.0.1:9", "hello:1.0");
    assert.equal(nobody.code, 1);
    assert.match(nobody.output, /^CONNECTION_FAILED: [^\n]+\n$/);
    assert.equal((await native(host)).code, 2);
  });
}

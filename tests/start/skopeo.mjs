/** skopeo, which verifies what it pulls, copies images through the Worker in workerd. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesBelow } from "../../scripts/lib/files.mjs";
import { capture, run } from "../../scripts/lib/run.mjs";
import { startWorker } from "../../scripts/lib/worker.mjs";
import { Layout } from "../support/layout.mjs";
import { fixtureLayout, startRegistry } from "../support/registry.mjs";
import { check, conclude } from "./count.mjs";

const scratch = mkdtempSync(join(tmpdir(), "pierhead-skopeo-"));
const registry = await startRegistry();
const worker = await startWorker({ upstream: registry.url });
const copy = (from, to) => [
  "copy",
  "--all",
  "--quiet",
  "--src-tls-verify=false",
  `docker://${worker.host}/${from}`,
  to,
];

// Side by side: skopeo tries TLS first, and workerd lets it wait 10 seconds for an answer to that.
await Promise.all([
  check("an image of two platforms arrives with every byte", async () => {
    const pulled = join(scratch, "pulled");
    await run("skopeo", copy("hello:1.0", `oci:${pulled}:1.0`));
    const blobs = join("blobs", "sha256");
    const names = filesBelow(join(fixtureLayout, blobs)).map((path) => path.slice(fixtureLayout.length));
    assert.equal(filesBelow(join(pulled, blobs)).length, names.length);
    for (const name of names)
      assert.deepEqual(readFileSync(join(pulled, name)), readFileSync(join(fixtureLayout, name)));
  }),

  check("skopeo sees the digest of the index", async () => {
    const raw = await run("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${worker.host}/hello:1.0`]);
    assert.equal(raw, (await Layout.read(fixtureLayout)).manifest("1.0").bytes.toString("utf8"));
  }),

  ...["corrupt", "truncated", "long", "cut"].map((fault) =>
    check(`an upstream whose bodies are ${fault} fails the pull`, async () => {
      const { code } = await capture("skopeo", copy(`faults/${fault}:1.0`, `oci:${join(scratch, fault)}:1.0`));
      assert.notEqual(code, 0);
    }),
  ),
]);

await worker.close();
await registry.close();
rmSync(scratch, { recursive: true, force: true });
conclude();

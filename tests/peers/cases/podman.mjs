/** What podman, with a store of its own and nothing that runs in the background, does to Pierhead's own registry. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isInstalled, run } from "../../../scripts/lib/run.mjs";
import { fixtureLayout } from "../../support/layout.mjs";
import { hosts } from "../../support/registries.mjs";
import { ask } from "../lib/content.mjs";
import { environment } from "../lib/tools.mjs";

const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** Whoever is not root needs ranges of users that a machine may not have. */
export const hasPodman = isInstalled("podman") && process.getuid?.() === 0;

/** Runs podman, whose images and settings are in `scratch` alone. */
function podmanIn(scratch) {
  const [root, runRoot] = ["root", "run"].map((name) => join(scratch, name));
  // It wants this to be there where a folder of it is named.
  writeFileSync(join(scratch, "config.json"), "{}");
  const store = [`--root=${root}`, `--runroot=${runRoot}`, "--storage-driver=vfs", "--events-backend=file"];
  return async (...args) => (await run("podman", [...store, ...args], { env: environment({ home: scratch }) })).trim();
}

/** The image that a manifest of the registry is of, as podman calls it: its configuration's digest, which names its layers unpacked. */
async function imageOf(registry, name, reference, mediaType) {
  const response = await ask(registry, `${name}/manifests/${reference}`, { accept: mediaType });
  assert.equal(response.status, 200);
  const manifest = await response.json();
  assert.equal(manifest.mediaType, mediaType);
  return manifest.config?.digest.replace("sha256:", "");
}

/** @type {import("../run.mjs").Case[]} */
export const podmanCases = [
  {
    name: "podman pushes an image in the OCI's format and in Docker's, and pulls it",
    run: async ({ registry, scratch, name }) => {
      const podman = podmanIn(scratch);
      const image = `docker://${registry.host}/${name}/podman`;
      const id = await podman("pull", "--quiet", `oci:${fixtureLayout}:1.0`);
      const pushed = async (format, mediaType) => {
        await podman("push", "--quiet", "--tls-verify=false", `--format=${format}`, id, `${image}:${format}`);
        assert.equal(await imageOf(registry, `${name}/podman`, format, mediaType), id);
      };
      // Side by side: it tries TLS first, and workerd leaves that without an answer for ten seconds.
      await Promise.all([pushed("oci", OCI_MANIFEST), pushed("v2s2", DOCKER_MANIFEST)]);
      await podman("rmi", "--force", id);
      assert.equal(await podman("images", "--quiet"), "");
      // It unpacks the layers, and holds each against the digests of the manifest and the configuration.
      assert.equal(await podman("pull", "--quiet", "--tls-verify=false", `${image}:v2s2`), id);
    },
  },
  {
    name: "podman builds images of two platforms, pushes them under one name, and another finds its own",
    // Where nothing has to be waited for.
    where: ({ what }) => what === hosts.serve.what,
    run: async ({ registry, scratch, name }) => {
      const podman = podmanIn(scratch);
      const image = `${registry.host}/${name}/built:1`;
      writeFileSync(join(scratch, "file"), "built\n");
      writeFileSync(join(scratch, "Containerfile"), "FROM scratch\nCOPY file /file\n");
      // Each for itself: the step that the platforms share would be taken for the image of both.
      const build = ["build", "--quiet", "--layers=false", "--platform=linux/amd64,linux/arm64"];
      await podman(...build, `--manifest=${image}`, scratch);
      const push = ["manifest", "push", "--quiet", "--all", "--format=oci", "--tls-verify=false"];
      await podman(...push, image, `docker://${image}`);
      const response = await ask(registry, `${name}/built/manifests/1`, { accept: OCI_INDEX });
      const { mediaType, manifests } = await response.json();
      assert.equal(mediaType, OCI_INDEX);
      assert.deepEqual(manifests.map(({ platform }) => platform.architecture).sort(), ["amd64", "arm64"]);
      await podman("manifest", "rm", image);
      await podman("rmi", "--all", "--force");
      const id = await podman("pull", "--quiet", "--tls-verify=false", "--arch=arm64", image);
      const arm = manifests.find(({ platform }) => platform.architecture === "arm64");
      assert.equal(await imageOf(registry, `${name}/built`, arm.digest, arm.mediaType), id);
    },
  },
];

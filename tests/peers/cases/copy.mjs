/** Whole images from place to place: registries and layouts, with all that they have and every byte as it is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { copy } from "pierhead/client";
import { openLayout } from "pierhead/layout";
import { pushLayout } from "../../../scripts/lib/push-layout.mjs";
import { fixtureLayout, Layout } from "../../support/layout.mjs";
import { clientOf, watchedFetch } from "../lib/client.mjs";
import {
  artifactManifest,
  assertBlob,
  assertManifest,
  descriptorOf,
  digestOf,
  EMPTY,
  listOf,
  MANIFEST,
} from "../lib/content.mjs";
import { verifiedLayout } from "../lib/layouts.mjs";

const TAG = "1.0";

/** @type {import("../run.mjs").Case[]} */
export const copyCases = [
  {
    name: "an image goes to another repository, to a layout and back",
    run: async ({ registry, name, scratch }) => {
      await pushLayout(registry.url, `${name}/first`, fixtureLayout);
      const [first, second, third] = ["first", "second", "third"].map((last) =>
        clientOf(registry).repository(`${name}/${last}`),
      );
      const folder = join(scratch, "layout");
      const layout = await openLayout(folder, { create: true });
      await copy({ repository: first, reference: TAG }, { repository: second, reference: TAG });
      await copy({ repository: second, reference: TAG }, { layout, reference: TAG });
      await copy({ layout, reference: TAG }, { repository: third, reference: TAG });
      await layout.close();
      assert.deepEqual(verifiedLayout(folder), verifiedLayout(fixtureLayout));
      for (const last of ["second", "third"]) await assertImage(registry, `${name}/${last}`);
    },
  },
  {
    name: "within a registry blobs are mounted, not sent",
    where: ({ mounts }) => mounts,
    run: async ({ registry, name }) => {
      await pushLayout(registry.url, `${name}/from`, fixtureLayout);
      const watched = watchedFetch();
      const client = clientOf(registry, { fetch: watched.fetch });
      const [from, to] = ["from", "to"].map((last) => client.repository(`${name}/${last}`));
      await copy({ repository: from, reference: TAG }, { repository: to, reference: TAG });
      await assertImage(registry, `${name}/to`);
      const read = watched.requests.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
      assert.deepEqual(
        read.map(({ path }) => path),
        [],
      );
    },
  },
  {
    name: "a copy that is made again sends nothing",
    run: async ({ registry, name }) => {
      const layout = await openLayout(fixtureLayout);
      const watched = watchedFetch();
      const repository = clientOf(registry, { fetch: watched.fetch }).repository(name);
      await copy({ layout, reference: TAG }, { repository, reference: TAG });
      const before = watched.requests.length;
      await copy({ layout, reference: TAG }, { repository, reference: TAG });
      const uploads = watched.requests.slice(before).filter(({ path }) => path.includes("/blobs/uploads/"));
      assert.deepEqual(uploads, []);
      await assertImage(registry, name);
    },
  },
  {
    name: "what is attached comes along, from a registry to a layout and back",
    run: async ({ registry, name, scratch }) => {
      const [from, to] = ["from", "to"].map((last) => clientOf(registry).repository(`${name}/${last}`));
      await from.blobs.push(new TextEncoder().encode("{}"), { digest: EMPTY.digest });
      const subject = artifactManifest({ note: "subject" });
      const sbom = artifactManifest({ note: "sbom", subject: descriptorOf(MANIFEST, subject) });
      const signature = artifactManifest({ note: "signature", subject: descriptorOf(MANIFEST, sbom) });
      for (const bytes of [subject, sbom, signature]) await from.manifests.put(bytes, { reference: digestOf(bytes) });
      const layout = await openLayout(join(scratch, "layout"), { create: true });
      const options = { referrers: true };
      await copy({ repository: from, reference: digestOf(subject) }, { layout, reference: TAG }, options);
      await copy({ layout, reference: TAG }, { repository: to, reference: TAG }, options);
      await layout.close();
      for (const bytes of [subject, sbom, signature]) {
        await assertManifest(registry, `${name}/to`, digestOf(bytes), bytes);
      }
      const listed = await listOf(to.referrers.list(digestOf(sbom)));
      assert.deepEqual(
        listed.map(({ digest }) => digest),
        [digestOf(signature)],
      );
    },
  },
];

async function assertImage(registry, repository) {
  const image = await Layout.read(fixtureLayout);
  const { digest } = image.manifest(TAG);
  for (const content of image.manifests.values()) {
    const response = await fetch(`${registry.url}/v2/${repository}/manifests/${content.digest}`, {
      headers: { Accept: content.mediaType },
    });
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), content.bytes);
  }
  for (const content of image.blobs.values()) await assertBlob(registry, repository, content.digest, content.bytes);
  const tagged = await fetch(`${registry.url}/v2/${repository}/manifests/${TAG}`, {
    method: "HEAD",
    headers: { Accept: image.manifest(TAG).mediaType },
  });
  assert.equal(tagged.headers.get("docker-content-digest"), digest);
}

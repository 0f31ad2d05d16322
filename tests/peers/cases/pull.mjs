/** Blobs and manifests come from the registry, verified (distribution specification, "Pull"). */
import assert from "node:assert/strict";
import { pushLayout } from "../../../scripts/lib/push-layout.mjs";
import { fixtureLayout, Layout } from "../../support/layout.mjs";
import { clientOf, repositoryOf, sent, watchedFetch } from "../lib/client.mjs";
import { artifactManifest, bytesOf, digestOf, freshBytes, MANIFEST } from "../lib/content.mjs";

const SIZE = 1_000_000;

/** @type {import("../run.mjs").Case[]} */
export const pullCases = [
  {
    name: "every manifest and blob of an image is pulled as it was pushed by others",
    run: async ({ registry, name }) => {
      await pushLayout(registry.url, name, fixtureLayout);
      const image = await Layout.read(fixtureLayout);
      const { manifests, blobs } = clientOf(registry).repository(name);
      for (const { digest, bytes } of image.manifests.values()) {
        assert.deepEqual(Buffer.from((await manifests.get(digest)).bytes), bytes);
      }
      for (const { digest, bytes } of image.blobs.values()) {
        assert.deepEqual(await bytesOf((await blobs.get(digest, { size: bytes.length })).body), bytes);
      }
    },
  },
  {
    name: "a tag tells its digest, its size and its media type",
    run: async ({ registry, name }) => {
      await pushLayout(registry.url, name, fixtureLayout);
      const { digest, mediaType, bytes } = (await Layout.read(fixtureLayout)).manifest("1.0");
      const head = await clientOf(registry).repository(name).manifests.head("1.0");
      assert.deepEqual({ ...head }, { digest, mediaType, size: bytes.length });
    },
  },
  {
    name: "a blob whose connection is cut is resumed where it was, and verified as one",
    run: async ({ registry, can, name }) => {
      const bytes = freshBytes(SIZE);
      const digest = digestOf(bytes);
      await clientOf(registry).repository(name).blobs.push(bytes);
      let cut = false;
      const watched = watchedFetch((request, send) => {
        if (cut || request.method !== "GET" || !request.url.endsWith(digest)) return undefined;
        cut = true;
        return send().then((response) => cutAfter(response, SIZE / 2));
      });
      const { body } = await clientOf(registry, { fetch: watched.fetch }).repository(name).blobs.get(digest);
      assert.deepEqual(await bytesOf(body), bytes);
      // One that wants to be told the end of a range may send all anew.
      if (!can.openRange) return;
      const { headers, status } = sent(watched, "GET").at(-1);
      assert.equal(status, 206);
      assert.match(headers.get("range"), new RegExp(`^bytes=${SIZE / 2}-(${SIZE - 1})?$`));
    },
  },
  {
    name: "a manifest that is as it was is not sent again",
    where: ({ etag }) => etag,
    run: async ({ registry, name }) => {
      await (await repositoryOf(registry, name)).manifests.put(artifactManifest(), { reference: "same" });
      const watched = watchedFetch();
      const { manifests } = clientOf(registry, { fetch: watched.fetch }).repository(name);
      const { digest } = await manifests.get("same");
      assert.equal(await manifests.get("same", { ifNoneMatch: `"${digest}"` }), undefined);
      assert.equal(sent(watched, "GET").at(-1).status, 304);
    },
  },
  {
    name: "what is not there is an error that says so",
    run: async ({ registry, name }) => {
      const { manifests, blobs } = await repositoryOf(registry, name);
      const digest = digestOf(freshBytes(10));
      await assert.rejects(manifests.get("none"), { name: "RegistryError", status: 404 });
      await assert.rejects(manifests.get(digest, { accept: [MANIFEST] }), { name: "RegistryError", status: 404 });
      await assert.rejects(blobs.get(digest), { name: "RegistryError", status: 404 });
    },
  },
];

/** The response, whose body fails after so many bytes as one does whose connection is lost. */
function cutAfter(response, size) {
  const reader = response.body.getReader();
  let left = size;
  const pull = async (controller) => {
    // An error throws away what is still queued, so it waits until that was read.
    if (left === 0) {
      await reader.cancel();
      return controller.error(new TypeError("terminated"));
    }
    const { value } = await reader.read();
    const kept = value.subarray(0, left);
    left -= kept.length;
    controller.enqueue(kept);
  };
  const { status, headers } = response;
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { status, headers });
}

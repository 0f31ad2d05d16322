/** Blobs and manifests go to the registry in every way that it offers (distribution specification, "Push"). */
import assert from "node:assert/strict";
import { clientOf, repositoryOf, sent, watchedFetch } from "../lib/client.mjs";
import {
  artifactManifest,
  assertBlob,
  assertManifest,
  assertMissing,
  digestOf,
  freshBytes,
  MANIFEST,
  streamOf,
} from "../lib/content.mjs";

const SIZE = 1_000_000;
const CHUNK = 256 * 1024;

/** @type {import("../run.mjs").Case[]} */
export const pushCases = [
  {
    name: "a blob of bytes is pushed",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { digest, size } = await clientOf(registry).repository(name).blobs.push(bytes);
      assert.deepEqual([digest, size], [digestOf(bytes), SIZE]);
      await assertBlob(registry, name, digest, bytes);
    },
  },
  {
    name: "a Blob of the host is pushed",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { digest } = await clientOf(registry)
        .repository(name)
        .blobs.push(new Blob([bytes]));
      await assertBlob(registry, name, digest, bytes);
    },
  },
  {
    name: "a stream of known size and digest is pushed",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const known = { digest: digestOf(bytes), size: SIZE };
      await clientOf(registry).repository(name).blobs.push(streamOf(bytes), known);
      await assertBlob(registry, name, known.digest, bytes);
    },
  },
  {
    name: "a stream of unknown size and digest is pushed",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { digest, size } = await clientOf(registry).repository(name).blobs.push(streamOf(bytes));
      assert.deepEqual([digest, size], [digestOf(bytes), SIZE]);
      await assertBlob(registry, name, digest, bytes);
    },
  },
  {
    name: "the empty blob is pushed",
    run: async ({ registry, name }) => {
      const { digest } = await clientOf(registry).repository(name).blobs.push(new Uint8Array(0));
      await assertBlob(registry, name, digest, new Uint8Array(0));
    },
  },
  {
    name: "a stream of unknown size is pushed in chunks, each with its range",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const watched = watchedFetch();
      const { blobs } = clientOf(registry, { fetch: watched.fetch }).repository(name);
      const { digest } = await blobs.push(streamOf(bytes), { chunkSize: CHUNK });
      await assertBlob(registry, name, digest, bytes);
      const ranges = sent(watched, "PATCH").map(({ headers }) => headers.get("content-range"));
      // The last may go with the PUT that closes the upload.
      assert.deepEqual(ranges.slice(0, 3), ["0-262143", "262144-524287", "524288-786431"]);
    },
  },
  {
    name: "a push in chunks goes on from what the registry has, after an answer was lost",
    where: ({ resumes }) => resumes,
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const watched = losingAnswer("PATCH", 2);
      const { blobs } = clientOf(registry, { fetch: watched.fetch }).repository(name);
      const { digest } = await blobs.push(streamOf(bytes), { chunkSize: CHUNK });
      await assertBlob(registry, name, digest, bytes);
      const asked = sent(watched, "GET").filter(({ path }) => path.includes("/blobs/uploads/"));
      assert.equal(asked[0]?.status, 204);
      const begins = sent(watched, "PATCH").map(({ headers }) => headers.get("content-range"));
      assert.equal(begins.filter((range) => range === "262144-524287").length, 1, "nothing is sent twice");
    },
  },
  {
    name: "a stream fails, where an answer was lost and the upload with it",
    where: ({ resumes }) => !resumes,
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { blobs } = clientOf(registry, { fetch: losingAnswer("PATCH", 2).fetch }).repository(name);
      await assert.rejects(blobs.push(streamOf(bytes), { chunkSize: CHUNK }), ({ code }) => typeof code === "string");
      await assertMissing(registry, `${name}/blobs/${digestOf(bytes)}`);
    },
  },
  {
    name: "what can be read again is pushed again, after the answer was lost",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { blobs } = clientOf(registry, { fetch: losingAnswer("PUT", 1).fetch }).repository(name);
      const { digest } = await blobs.push(bytes);
      await assertBlob(registry, name, digest, bytes);
    },
  },
  {
    name: "a blob is pushed by sha512",
    where: ({ sha512 }) => sha512.includes("blobs"),
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const digest = digestOf(bytes, "sha512");
      await clientOf(registry).repository(name).blobs.push(bytes, { digest });
      await assertBlob(registry, name, digest, bytes);
    },
  },
  {
    name: "a registry that takes no sha512 says so",
    where: ({ sha512 }) => !sha512.includes("blobs"),
    run: async ({ registry, name }) => {
      const bytes = freshBytes(1000);
      const push = clientOf(registry)
        .repository(name)
        .blobs.push(bytes, { digest: digestOf(bytes, "sha512") });
      await assert.rejects(push, { name: "RegistryError", status: 400 });
    },
  },
  {
    name: "what is there is not sent again",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const digest = digestOf(bytes);
      const watched = watchedFetch();
      const { blobs } = clientOf(registry, { fetch: watched.fetch }).repository(name);
      await blobs.push(bytes, { digest });
      const before = watched.requests.length;
      await blobs.push(bytes, { digest });
      assert.deepEqual([...new Set(watched.requests.slice(before).map(({ method }) => method))], ["HEAD"]);
    },
  },
  {
    name: "a blob of another repository is mounted, not sent",
    where: ({ mounts }) => mounts,
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const watched = watchedFetch();
      const client = clientOf(registry, { fetch: watched.fetch });
      const { digest } = await client.repository(`${name}/from`).blobs.push(bytes);
      const before = watched.requests.length;
      await client.repository(`${name}/to`).blobs.push(bytes, { digest, mountFrom: `${name}/from` });
      const methods = watched.requests.slice(before).map(({ method }) => method);
      assert.ok(!methods.includes("PUT") && !methods.includes("PATCH"), `sent ${methods}`);
      await assertBlob(registry, `${name}/to`, digest, bytes);
    },
  },
  {
    name: "a mount that does not come about is a push",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const client = clientOf(registry);
      // The repository is there, the blob is not.
      await client.repository(`${name}/from`).blobs.push(freshBytes(10));
      const digest = digestOf(bytes);
      await client.repository(`${name}/to`).blobs.push(bytes, { digest, mountFrom: `${name}/from` });
      await assertBlob(registry, `${name}/to`, digest, bytes);
    },
  },
  {
    name: "content that is not what its digest says is not pushed",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const digest = digestOf(freshBytes(SIZE));
      const { blobs } = clientOf(registry).repository(name);
      await assert.rejects(blobs.push(streamOf(bytes), { digest, size: SIZE }), { name: "DigestMismatchError" });
      await assertMissing(registry, `${name}/blobs/${digest}`);
    },
  },
  {
    name: "a push that is given up leaves nothing",
    run: async ({ registry, name }) => {
      const bytes = freshBytes(SIZE);
      const { blobs } = clientOf(registry).repository(name);
      const reason = new Error("given up");
      const controller = new AbortController();
      const onProgress = ({ bytes: done }) => done >= CHUNK && controller.abort(reason);
      const { signal } = controller;
      await assert.rejects(blobs.push(streamOf(bytes), { chunkSize: CHUNK, onProgress, signal }), reason);
      await assertMissing(registry, `${name}/blobs/${digestOf(bytes)}`);
    },
  },
  {
    name: "a manifest is pushed by digest, and by several tags at once",
    run: async ({ registry, name }) => {
      const { manifests } = await repositoryOf(registry, name);
      const bytes = artifactManifest();
      await manifests.put(bytes, { tags: ["one", "two"] });
      for (const reference of ["one", "two", digestOf(bytes)]) await assertManifest(registry, name, reference, bytes);
    },
  },
  {
    name: "a manifest is stored with the very bytes that were given",
    run: async ({ registry, name }) => {
      const { manifests } = await repositoryOf(registry, name);
      const bytes = Buffer.from(` ${artifactManifest().toString("utf8").replace(",", " ,\n\t")}\n`);
      await manifests.put(bytes, { reference: "odd", mediaType: MANIFEST });
      await assertManifest(registry, name, "odd", bytes);
    },
  },
];

/** Requests that come to the registry, but the answer to one of this method does not come back. */
function losingAnswer(method, number) {
  let count = 0;
  return watchedFetch((request, send) => {
    if (request.method !== method || ++count !== number) return undefined;
    return send().then(async (response) => {
      await response.body?.cancel();
      throw new TypeError("the connection was lost");
    });
  });
}

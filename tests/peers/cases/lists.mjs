/** Tags and repositories are listed to their end, and what is deleted is gone ("Content Discovery", "Content Management"). */
import assert from "node:assert/strict";
import { clientOf, repositoryOf, sent, watchedFetch } from "../lib/client.mjs";
import { artifactManifest, assertManifest, assertMissing, digestOf, freshBytes, listOf } from "../lib/content.mjs";

const TAGS = ["a", "b", "c", "d", "e", "f", "g"];

/** @type {import("../run.mjs").Case[]} */
export const listCases = [
  {
    name: "all tags are listed",
    run: async (context) => {
      const { tags } = await tagged(context);
      assert.deepEqual((await listOf(tags.list())).sort(), TAGS);
    },
  },
  {
    name: "all tags are listed in pages",
    // One that cuts the list and links to no next page cannot be told from one whose list ends there.
    where: ({ paging }) => paging !== "cut",
    run: async (context) => {
      await tagged(context);
      const watched = watchedFetch();
      const { tags } = clientOf(context.registry, { fetch: watched.fetch }).repository(context.name);
      assert.deepEqual((await listOf(tags.list({ n: 3 }))).sort(), TAGS);
      const pages = sent(watched, "GET").filter(({ path }) => path.includes("/tags/list")).length;
      assert.equal(pages, context.can.paging === "link" ? 3 : 1);
    },
  },
  {
    name: "tags are listed from one on",
    where: ({ paging }) => paging !== "whole",
    run: async (context) => {
      const { tags } = await tagged(context);
      assert.deepEqual(await listOf(tags.list({ last: "d" })), ["e", "f", "g"]);
    },
  },
  {
    name: "a page is only asked for when it is wanted",
    where: ({ paging }) => paging === "link",
    run: async (context) => {
      await tagged(context);
      const watched = watchedFetch();
      const { tags } = clientOf(context.registry, { fetch: watched.fetch }).repository(context.name);
      for await (const tag of tags.list({ n: 3 })) if (tag === "b") break;
      assert.equal(watched.requests.filter(({ path }) => path.includes("/tags/list")).length, 1);
    },
  },
  {
    name: "repositories are listed in pages",
    where: ({ paging }) => paging !== "cut",
    run: async ({ registry, name }) => {
      const wanted = ["x", "y", "z"].map((last) => `${name}/${last}`);
      for (const repository of wanted) {
        await (await repositoryOf(registry, repository)).manifests.put(artifactManifest(), { reference: "1" });
      }
      const listed = await listOf(clientOf(registry).repositories({ n: 2 }));
      assert.deepEqual(listed.filter((repository) => repository.startsWith(`${name}/`)).sort(), wanted);
    },
  },
  {
    name: "a tag is deleted, and its manifest stays",
    where: ({ tagDelete }) => tagDelete,
    run: async (context) => {
      const { tags } = await tagged(context);
      await tags.delete("b");
      await assertMissing(context.registry, `${context.name}/manifests/b`);
      await assertManifest(context.registry, context.name, "a", artifactManifest());
    },
  },
  {
    name: "a registry that deletes no tags says so, and nothing is lost",
    where: ({ tagDelete }) => !tagDelete,
    run: async (context) => {
      const { tags } = await tagged(context);
      await assert.rejects(tags.delete("b"), { name: "RegistryError" });
      for (const tag of TAGS) await assertManifest(context.registry, context.name, tag, artifactManifest());
    },
  },
  {
    name: "a manifest is deleted by its digest",
    run: async ({ registry, name }) => {
      const { manifests } = await repositoryOf(registry, name);
      const [gone, kept] = ["gone", "kept"].map((note) => artifactManifest({ note }));
      for (const bytes of [gone, kept]) await manifests.put(bytes, { reference: digestOf(bytes) });
      await manifests.delete(digestOf(gone));
      await assertMissing(registry, `${name}/manifests/${digestOf(gone)}`);
      await assertManifest(registry, name, digestOf(kept), kept);
    },
  },
  {
    name: "a blob is deleted",
    run: async ({ registry, name }) => {
      const { blobs } = clientOf(registry).repository(name);
      const { digest } = await blobs.push(freshBytes(1000));
      await blobs.delete(digest);
      await assertMissing(registry, `${name}/blobs/${digest}`);
    },
  },
];

/** A repository with one manifest under all the tags. */
async function tagged({ registry, name }) {
  const repository = await repositoryOf(registry, name);
  for (const reference of TAGS) await repository.manifests.put(artifactManifest(), { reference });
  return repository;
}

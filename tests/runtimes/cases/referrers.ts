import type { PushedManifest } from "pierhead/client";
import { equal, hasCode, rejects } from "../assert.ts";
import type { Case, Context } from "../case.ts";
import { all, INDEX, index, MANIFEST, own } from "../own.ts";

const SIGNATURE = "application/vnd.example.signature";

/** A manifest that refers to a subject. */
function artifact({ pierhead: { digest } }: Context, subject: string, number: number): Uint8Array {
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest("{}"), size: 2 };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: number % 2 === 0 ? SIGNATURE : "application/vnd.example.sbom",
    config,
    layers: [],
    subject: { mediaType: INDEX, digest: subject, size: 2 },
    annotations: { a: "é", number: String(number) },
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

export const cases: Case[] = [
  ...(["new", "old"] as const).map((way) => ({
    name: `what is pushed with a subject is found by it, by ${way === "new" ? "the registry's API" : "the fallback tag"}`,
    async run(context: Context) {
      const { manifests, referrers, tags } = own(context, way);
      const subject = await manifests.put(index(), { reference: "v1" });
      equal(await all(referrers.list(subject.digest)), []);
      const pushed: PushedManifest[] = [];
      for (const number of [0, 1, 2, 3, 4]) {
        pushed.push(await manifests.put(artifact(context, subject.digest, number)));
      }
      equal(pushed[0]?.subject, subject.digest);
      const found = await all(referrers.list(subject.digest));
      equal(found.map(({ digest }) => digest).sort(), pushed.map(({ digest }) => digest).sort());
      const one = found.find(({ digest }) => digest === pushed[0]?.digest);
      equal([one?.mediaType, one?.size, one?.artifactType], [MANIFEST, pushed[0]?.size, SIGNATURE]);
      equal(one?.annotations, { a: "é", number: "0" });
      const typed = await all(referrers.list(subject.digest, { artifactType: SIGNATURE }));
      equal(typed.map(({ annotations: { number } }) => number).sort(), ["0", "2", "4"]);
      for (const { digest } of pushed) await manifests.delete(digest);
      equal(await all(referrers.list(subject.digest)), []);
      const fallback = subject.digest.replace(":", "-");
      equal(await all(tags.list()), way === "new" ? ["v1"] : [fallback, "v1"]);
    },
  })),
  {
    name: "pages of referrers end where their reader does",
    async run(context) {
      const { manifests, referrers } = own(context, "new");
      const subject = await manifests.put(index());
      for (const number of [0, 1, 2, 3]) await manifests.put(artifact(context, subject.digest, number));
      const list = referrers.list(subject.digest);
      for await (const { mediaType } of list) {
        equal(mediaType, MANIFEST);
        break;
      }
      equal(await all(list), []);
    },
  },
  {
    name: "writers of one fallback index lose nothing where entity tags are compared",
    async run(context) {
      // The registry compares; only its word for the subject is kept from the client.
      const { Registry } = context.pierhead;
      const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
        if (String(input).includes("/referrers/")) return new Response(null, { status: 404 });
        const response = await globalThis.fetch(input, init);
        const headers = new Headers(response.headers);
        headers.delete("oci-subject");
        const { status } = response;
        return new Response([204, 304].includes(status) ? null : response.body, { status, headers });
      };
      const { name } = own(context, "new");
      const write = async (number: number) => {
        const { manifests } = new Registry(context.registry.url, { fetch }).repository(name);
        return await manifests.put(artifact(context, context.image.index.digest, number));
      };
      const written = await Promise.all([0, 1, 2, 3].map(write));
      const { referrers } = new Registry(context.registry.url, { fetch }).repository(name);
      const found = await all(referrers.list(context.image.index.digest));
      equal(found.map(({ digest }) => digest).sort(), written.map(({ digest }) => digest).sort());
    },
  },
  {
    name: "malformed digests and types are typed errors",
    async run(context) {
      const { referrers } = own(context, "new");
      hasCode(await rejects(all(referrers.list("latest"))), "INVALID_DIGEST");
      hasCode(await rejects(all(referrers.list(7 as never))), "INVALID_ARGUMENT");
      const { digest } = context.image.index;
      hasCode(await rejects(all(referrers.list(digest, { artifactType: 7 as never }))), "INVALID_ARGUMENT");
    },
  },
];

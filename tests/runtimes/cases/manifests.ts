import type { PutManifestOptions } from "pierhead/client";
import { equal, hasCode, ok, rejects, sameBytes } from "../assert.ts";
import type { Case } from "../case.ts";
import { all, INDEX, index, own } from "../own.ts";

export const cases: Case[] = [
  {
    name: "a manifest is pushed in its exact bytes, by digest, by a tag or by several",
    async run(context) {
      const { OciDocument, digest } = context.pierhead;
      for (const way of ["new", "old"] as const) {
        const { manifests, tags } = own(context, way);
        const bytes = index();
        const pushed = await manifests.put(bytes);
        equal(pushed, { digest: digest(bytes), mediaType: INDEX, size: bytes.byteLength, tags: [] });
        sameBytes((await manifests.get(pushed.digest)).bytes, bytes);
        const document = OciDocument.parse(index(1));
        equal((await manifests.put(document, { reference: "v1", tags: ["v2", "v1"] })).tags, ["v1", "v2"]);
        equal((await manifests.put(document, { tags: ["v3"] })).tags, ["v3"]);
        equal(await all(tags.list()), ["v1", "v2", "v3"]);
        equal((await manifests.head("v2")).digest, document.digest);
        sameBytes((await manifests.get("v3")).bytes, document.bytes);
      }
    },
  },
  {
    name: "a manifest is known by the algorithm of its digest",
    async run(context) {
      const { manifests } = own(context, "new");
      const sha512 = context.pierhead.digest(index(), "sha512");
      equal((await manifests.put(index(), { reference: sha512, tags: ["v1"] })).digest, sha512);
      equal((await manifests.get(sha512)).verified, true);
      equal((await manifests.head("v1")).digest, sha512);
    },
  },
  {
    name: "what is no manifest is refused before anything is sent",
    async run({ pierhead: { Registry, digest } }) {
      const fetch = () => Promise.reject(new Error("something was sent"));
      const { manifests } = new Registry("registry.test", { fetch }).repository("a");
      const text = (value: string) => new TextEncoder().encode(value);
      const hybrid = text('{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}');
      const refused: [unknown, PutManifestOptions, string][] = [
        [text("{"), {}, "INVALID_JSON"],
        [text("{}"), {}, "INVALID_MANIFEST"],
        [hybrid, {}, "INVALID_MANIFEST"],
        [index(), { mediaType: "application/vnd.oci.image.manifest.v1+json" }, "MEDIA_TYPE_MISMATCH"],
        [index(), { reference: digest("") }, "DIGEST_MISMATCH"],
        [index(), { reference: "-" }, "INVALID_REFERENCE"],
        [index(), { tags: ["ok", "not,ok"] }, "INVALID_REFERENCE"],
        [index(), { tags: [""] }, "INVALID_REFERENCE"],
        [index(), { tags: "a" as never }, "INVALID_ARGUMENT"],
        [new Uint8Array(8 * 1024 * 1024 + 1), {}, "TOO_LARGE"],
        [undefined, {}, "INVALID_ARGUMENT"],
        [{ bytes: 7 }, {}, "INVALID_ARGUMENT"],
      ];
      for (const [content, options, code] of refused) {
        hasCode(await rejects(manifests.put(content as Uint8Array, options), code), code);
      }
    },
  },
  {
    name: "a manifest that is known is not read again, by its etag or by its digest",
    async run(context) {
      const { manifests } = own(context, "new");
      await manifests.put(index(), { reference: "v1" });
      const { etag, digest } = await manifests.get("v1");
      ok(etag !== undefined, "there is no etag");
      for (const ifNoneMatch of [etag, digest]) {
        equal(await manifests.get("v1", { ifNoneMatch }), undefined);
        equal(await manifests.raw("v1", { ifNoneMatch }), undefined);
      }
      const moved = await manifests.put(index(1), { reference: "v1" });
      for (const ifNoneMatch of [etag, digest]) {
        equal((await manifests.get("v1", { ifNoneMatch }))?.digest, moved.digest);
      }
      hasCode(await rejects(manifests.get("v1", { ifNoneMatch: "a\nb" })), "INVALID_HEADER");
    },
  },
  {
    name: "a tag is deleted alone, a manifest with its tags, and where that is off the error says so",
    async run(context) {
      const { manifests, tags } = own(context, "new");
      const { digest } = await manifests.put(index(), { tags: ["a", "b"] });
      await tags.delete("a");
      equal(await all(tags.list()), ["b"]);
      hasCode(await rejects(tags.delete(digest)), "INVALID_REFERENCE");
      await manifests.delete(digest);
      equal(await all(tags.list()), []);
      const missing = await rejects(manifests.delete(digest));
      hasCode(missing, "REGISTRY_ERROR");
      const old = own(context, "old");
      await old.manifests.put(index(), { reference: "a" });
      const error = await rejects(old.tags.delete("a"));
      hasCode(error, "UNSUPPORTED");
      ok(error instanceof context.pierhead.RegistryError, "it is no RegistryError");
      equal([error.status, error.errors[0]?.code], [405, "UNSUPPORTED"]);
    },
  },
];

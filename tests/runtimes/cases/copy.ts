import type { CopyProgress } from "pierhead/client";
import { equal, hasCode, ok, rejects } from "../assert.ts";
import type { Case, Context } from "../case.ts";
import { own } from "../own.ts";

/** The committed image, in the test registry. */
function source({ pierhead: { Registry }, registry, image }: Context) {
  return { repository: new Registry(registry.url).repository(image.repository), reference: image.tag };
}

/** What `write` writes into an archive, read from a Blob. */
async function archived(
  { pierhead }: Context,
  write: (layout: Awaited<ReturnType<Context["pierhead"]["writeArchive"]>>) => Promise<unknown>,
) {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const written = new Response(readable).blob();
  const layout = await pierhead.writeArchive(writable);
  await write(layout);
  await layout.close();
  return await pierhead.readArchive(await written);
}

export const cases: Case[] = [
  {
    name: "an index is copied with all that it names, and what is there is left alone",
    async run(context) {
      const { copy } = context.pierhead;
      const target = { repository: own(context, "new"), reference: "v1" };
      for (const status of ["copied", "existed"] as const) {
        const seen: CopyProgress[] = [];
        const copied = await copy(source(context), target, { onProgress: (progress) => seen.push(progress) });
        equal([copied.digest, copied.size], [context.image.index.digest, context.image.index.size]);
        const done = seen.filter((progress) => progress.status !== undefined);
        equal(done.length, copied.blobs + copied.manifests);
        const { digest, size } = context.image.layer;
        equal(
          done.find((progress) => progress.digest === digest),
          { digest, bytes: size, total: size, status },
        );
        ok(
          seen.every(({ bytes, total }) => bytes <= total),
          "more bytes than there are",
        );
      }
      equal((await target.repository.manifests.get("v1")).digest, context.image.index.digest);
      equal((await target.repository.blobs.head(context.image.layer.digest)).size, context.image.layer.size);
    },
  },
  {
    name: "an image goes into an archive and back to a registry, the same bit by bit",
    async run(context) {
      const { copy, validateLayout } = context.pierhead;
      const layout = await archived(context, (layout) => copy(source(context), { layout, reference: "v1" }));
      for await (const { report } of validateLayout(layout.files)) equal(report.valid, true);
      equal((await layout.resolve("v1"))?.digest, context.image.index.digest);
      const repository = own(context, "old");
      equal((await copy({ layout }, { repository, reference: "v2" })).digest, context.image.index.digest);
      equal((await repository.manifests.head("v2")).size, context.image.index.size);
    },
  },
  {
    name: "the image for one platform is copied in place of its index",
    async run(context) {
      const { copy } = context.pierhead;
      const target = { repository: own(context, "new"), reference: "v1" };
      const copied = await copy(source(context), target, { platform: "linux/amd64" });
      equal([copied.digest, copied.manifests], [context.image.manifest.digest, 1]);
      const platform = { os: "plan9", architecture: "mips" };
      hasCode(await rejects(copy(source(context), target, { platform })), "PLATFORM_NOT_FOUND");
    },
  },
  {
    name: "what refers to an image comes along, whether a registry lists it or not",
    async run(context) {
      const { copy } = context.pierhead;
      for (const way of ["new", "old"] as const) {
        const from = own(context, way);
        const subject = await copy(source(context), { repository: from, reference: "v1" });
        const { digest } = await from.blobs.push(new TextEncoder().encode("{}"));
        const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest, size: 2 };
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const { digest: named, size } = subject;
        const manifest = {
          ...{ schemaVersion: 2, mediaType, artifactType: "application/vnd.example.note", config: empty, layers: [] },
          subject: { mediaType: subject.mediaType, digest: named, size },
        };
        const note = await from.manifests.put(new TextEncoder().encode(JSON.stringify(manifest)));
        const repository = own(context, way === "new" ? "old" : "new");
        await copy({ repository: from, reference: "v1" }, { repository, reference: "v1" }, { referrers: true });
        const found: string[] = [];
        for await (const referrer of repository.referrers.list(subject.digest)) found.push(referrer.digest);
        equal(found, [note.digest]);
      }
    },
  },
  {
    name: "a copy that is aborted rejects with the signal's reason, and nothing gets the name",
    async run(context) {
      const { copy } = context.pierhead;
      const repository = own(context, "new");
      const controller = new AbortController();
      const reason = new Error("enough");
      const onProgress = () => controller.abort(reason);
      const options = { onProgress, signal: controller.signal };
      equal(await rejects(copy(source(context), { repository, reference: "v1" }, options)), reason);
      hasCode(await rejects(repository.manifests.head("v1")), "REGISTRY_ERROR");
    },
  },
  {
    name: "what a layout throws is what a copy rejects with",
    async run(context) {
      const { copy, LayoutError } = context.pierhead;
      const layout = await archived(context, (layout) => copy(source(context), { layout, reference: "v1" }));
      const error = await rejects(copy(source(context), { layout, reference: "v2" }));
      ok(error instanceof LayoutError, String(error));
      hasCode(error, "NOT_SUPPORTED");
      const missing = rejects(copy({ layout, reference: "v9" }, { repository: own(context, "new"), reference: "v9" }));
      hasCode(await missing, "INVALID_REFERENCE");
      const concurrency = 0;
      hasCode(await rejects(copy({ layout }, { layout }, { concurrency })), "INVALID_ARGUMENT");
    },
  },
];

/** What is embedded in its descriptor (image specification, `descriptor.md`, "Embedded Content") is asked of nobody. */
import { equal, ok, rejects, sameBytes } from "../assert.ts";
import type { Case, Context } from "../case.ts";
import { INDEX, MANIFEST } from "../own.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const EMPTY = "application/vnd.oci.empty.v1+json";

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function described({ pierhead: { digest } }: Context, mediaType: string, text: string) {
  const bytes = bytesOf(text);
  return { mediaType, digest: digest(bytes), size: bytes.length, annotations: {}, urls: [], data: btoa(text) };
}

/** A repository that has one manifest under `v1`, these blobs, and nothing else; and what it is asked for. */
function repository(
  { pierhead: { Registry, digest } }: Context,
  root: string,
  mediaType: string,
  blobs: string[] = [],
) {
  const asked: string[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    const { pathname } = new URL(String(input));
    asked.push(pathname);
    const blob = blobs.find((text) => pathname.endsWith(digest(bytesOf(text))));
    if (blob !== undefined) return new Response(blob);
    const headers = { "Content-Type": mediaType };
    return pathname.endsWith("/v1") ? new Response(root, { headers }) : new Response(null, { status: 404 });
  };
  return { asked, repository: new Registry("registry.test", { fetch, retries: 0 }).repository("a/b") };
}

function image(context: Context, layers: unknown[]) {
  const config = described(context, EMPTY, "{}");
  return JSON.stringify({
    ...{ schemaVersion: 2, mediaType: MANIFEST, artifactType: "application/vnd.example" },
    ...{ config, layers },
  });
}

export const cases: Case[] = [
  {
    name: "a blob is read from its descriptor, and its limit holds",
    async run(context) {
      const { repository: from, asked } = repository(context, "", MANIFEST);
      for (const text of ["a layer", ""]) {
        const descriptor = described(context, LAYER, text);
        const { body, size, verified } = await from.blobs.get(descriptor);
        equal([await new Response(body).text(), size, verified], [text, text.length, true]);
      }
      const { code } = (await rejects(from.blobs.get(described(context, LAYER, "a layer"), { limit: 3 }))) as {
        code?: string;
      };
      equal([code, asked], ["TOO_LARGE", []]);
    },
  },
  {
    name: "what is embedded and is not what its descriptor says is asked for, as is a part",
    async run(context) {
      const { embedded } = context.pierhead;
      const right = described(context, LAYER, "a layer");
      const wrong = [
        ...[btoa("a liar!"), btoa("a laye"), btoa("a layer!"), "a layer!", "", undefined].map((data) => ({ data })),
        { size: 6 },
      ];
      sameBytes(embedded(right) ?? new Uint8Array(0), bytesOf("a layer"));
      for (const change of wrong) {
        const { repository: from, asked } = repository(context, "", MANIFEST, ["a layer"]);
        const descriptor = { ...right, ...change };
        equal(embedded(descriptor), undefined);
        const got = from.blobs.get(descriptor).then(({ body }) => new Response(body).text());
        if ("size" in change) await rejects(got);
        else equal(await got, "a layer");
        equal(asked.length, 1, JSON.stringify(change));
      }
      const { repository: from, asked } = repository(context, "", MANIFEST, ["a layer"]);
      const { verified } = await from.blobs.get(right, { range: { start: 0, end: 6 } });
      equal([verified, asked.length], [false, 1]);
    },
  },
  {
    name: "a copy reads of the source what is not embedded alone",
    async run(context) {
      const { copy, readArchive, writeArchive, validateLayout } = context.pierhead;
      const [held, other] = [described(context, LAYER, "a layer"), described(context, LAYER, "another")];
      const manifest = image(context, [held, { ...other, data: btoa("a liar.") }]);
      const index = { schemaVersion: 2, mediaType: INDEX, manifests: [described(context, MANIFEST, manifest)] };
      const { repository: from, asked } = repository(context, JSON.stringify(index), INDEX, ["another"]);
      const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
      const written = new Response(readable).blob();
      const layout = await writeArchive(writable);
      const copied = await copy({ repository: from, reference: "v1" }, { layout, reference: "v1" });
      await layout.close();
      equal([copied.manifests, copied.blobs], [2, 3]);
      equal(asked, ["/v2/a/b/manifests/v1", `/v2/a/b/blobs/${other.digest}`]);
      const files = (await readArchive(await written)).files;
      for await (const { report } of validateLayout(files)) {
        // The liar is found where it stands.
        equal(
          report.issues.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
          report.kind === "image-manifest" ? ["descriptor.data.digest"] : [],
        );
      }
    },
  },
  {
    name: "an image whose parts are all embedded is validated without a request",
    async run(context) {
      const { OciDocument, repositorySource, validateImage } = context.pierhead;
      const root = image(context, [described(context, LAYER, "a layer")]);
      const { repository: from, asked } = repository(context, root, MANIFEST);
      equal(OciDocument.parse(root).descriptors().layers[0]?.data, btoa("a layer"));
      let reports = 0;
      for await (const { report } of validateImage(root, repositorySource(from))) {
        ok(report.valid, JSON.stringify(report.issues));
        reports += 1;
      }
      equal([reports, asked], [1, []]);
    },
  },
];

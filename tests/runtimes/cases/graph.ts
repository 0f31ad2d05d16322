import type { Descriptor, ImageSource, LayoutFiles, NamedReport } from "pierhead";
import { equal, hasCode, rejects } from "../assert.ts";
import type { Case, Context } from "../case.ts";

const TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/** A layer larger than any chunk. */
const layer = new Uint8Array(300_000).map((_, at) => at % 251);

/** An image in memory: what a digest stands for, and its index. */
function image({ digest }: Context["pierhead"]): { index: string; blobs: Map<string, Uint8Array> } {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, content: Uint8Array | string) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const descriptor = { mediaType, digest: digest(bytes), size: bytes.length };
    blobs.set(descriptor.digest, bytes);
    return descriptor;
  };
  const platform = { os: "linux", architecture: "amd64" };
  const rootfs = { type: "layers", diff_ids: [digest(layer)] };
  const config = add(TYPES.config, JSON.stringify({ ...platform, rootfs }));
  const parts = { config, layers: [add(TYPES.layer, layer)] };
  const manifest = add(TYPES.manifest, JSON.stringify({ schemaVersion: 2, mediaType: TYPES.manifest, ...parts }));
  const manifests = [{ ...manifest, platform }];
  return { index: JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests }), blobs };
}

function streamOf(bytes: Uint8Array | undefined): ReadableStream<Uint8Array> | undefined {
  if (bytes === undefined) return undefined;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at + 65536));
      else controller.close();
      at += 65536;
    },
  });
}

async function findings(reports: AsyncIterable<NamedReport>): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, report } of reports) {
    found.push(
      ...report.issues.map(({ rule, pointer }) => `${name === "root" ? name : report.kind} ${rule} ${pointer}`),
    );
  }
  return found;
}

export const cases: Case[] = [
  {
    name: "an image is validated with all it points at",
    async run({ pierhead }) {
      const { index, blobs } = image(pierhead);
      const source: ImageSource = { open: ({ digest }: Descriptor) => streamOf(blobs.get(digest)) };
      const findingsNow = () => findings(pierhead.validateImage(index, source, { name: "root" }));
      equal(await findingsNow(), []);

      const digest = pierhead.digest(layer);
      blobs.set(digest, layer.slice().reverse());
      equal(await findingsNow(), ["image-manifest content.digest /layers/0"]);
      blobs.set(digest, layer.subarray(1));
      equal(await findingsNow(), ["image-manifest content.size /layers/0"]);
      blobs.delete(digest);
      equal(await findingsNow(), ["image-manifest graph.missing /layers/0"]);
      blobs.clear();
      equal(await findingsNow(), ["root graph.missing /manifests/0"]);
    },
  },
  {
    name: "a layout is validated file by file",
    async run({ pierhead }) {
      const { index, blobs } = image(pierhead);
      const files = new Map<string, Uint8Array>();
      for (const [digest, bytes] of blobs) files.set(`blobs/${digest.replace(":", "/")}`, bytes);
      files.set("index.json", new TextEncoder().encode(index));
      files.set("oci-layout", new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}'));
      const layout: LayoutFiles = {
        open: (path) => streamOf(files.get(path)),
        async *list(folder) {
          for (const path of files.keys()) if (path.startsWith(`${folder}/`)) yield path;
        },
      };
      equal(await findings(pierhead.validateLayout(layout)), []);
      files.delete("oci-layout");
      files.set("blobs/sha256/x", new Uint8Array());
      equal(await findings(pierhead.validateLayout(layout)), [
        "unknown image-layout.header.required ",
        "unknown image-layout.blob.name ",
      ]);
    },
  },
  {
    name: "a validation that is given up leaves the core as it was",
    async run({ pierhead }) {
      const { index } = image(pierhead);
      const reason = new Error("enough");
      const abort = new AbortController();
      const open = () => {
        abort.abort(reason);
        return new ReadableStream<Uint8Array>();
      };
      const given = await rejects(findings(pierhead.validateImage(index, { open }, { signal: abort.signal })));
      equal(given, reason);
      for await (const _ of pierhead.validateImage(index, { open: () => undefined })) break;
      hasCode(
        await rejects(findings(pierhead.validateImage(index, { open }, { limits: { depth: -1 } }))),
        "INVALID_ARGUMENT",
      );
      equal(pierhead.validate(index).valid, true);
    },
  },
];

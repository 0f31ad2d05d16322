import type { Descriptor } from "pierhead";
import type { ImageLayout, ReadableLayout } from "pierhead/layout";
import { equal, hasCode, ok, rejects, sameBytes } from "../assert.ts";
import type { Case, Context } from "../case.ts";

type Pierhead = Context["pierhead"];

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** A layer larger than any chunk. */
const layer = new Uint8Array(300_000).map((_, at) => at % 251);

interface Content {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An image: its manifest, and what that points at. */
function image({ digest }: Pierhead): [manifest: Content, ...blobs: Content[]] {
  const content = (mediaType: string, value: Uint8Array<ArrayBuffer> | object): Content => {
    const bytes = value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
    return { descriptor: { mediaType, digest: digest(bytes), size: bytes.length, annotations: {}, urls: [] }, bytes };
  };
  const plain = ({ descriptor: { mediaType, digest, size } }: Content) => ({ mediaType, digest, size });
  const rootfs = { type: "layers", diff_ids: [digest(layer)] };
  const config = content("application/vnd.oci.image.config.v1+json", { os: "linux", architecture: "amd64", rootfs });
  const blob = content("application/vnd.oci.image.layer.v1.tar", layer);
  const parts = { config: plain(config), layers: [plain(blob)] };
  return [content(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, ...parts }), config, blob];
}

async function add(layout: ImageLayout, contents: readonly Content[]): Promise<void> {
  for (const { descriptor, bytes } of contents) await layout.put(descriptor, new Blob([bytes]).stream());
  const [manifest] = contents;
  if (manifest !== undefined) await layout.tag(manifest.descriptor, "1.0");
}

/** An archive with the image. */
async function archive(pierhead: Pierhead): Promise<Blob> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const written = new Response(readable).blob();
  const layout = await pierhead.writeArchive(writable);
  await add(layout, image(pierhead));
  await layout.close();
  return await written;
}

/** Fails unless the layout holds the image, and is valid. */
async function holdsImage(pierhead: Pierhead, layout: ReadableLayout): Promise<void> {
  const contents = image(pierhead);
  equal((await layout.resolve("1.0"))?.digest, contents[0].descriptor.digest);
  for (const { descriptor, bytes } of contents) {
    ok(await layout.has(descriptor), `${descriptor.digest} is missing`);
    const stream = await layout.open(descriptor);
    const read = new Response((stream ?? null) as ReadableStream<Uint8Array<ArrayBuffer>> | null);
    sameBytes(new Uint8Array(await read.arrayBuffer()), bytes);
  }
  for await (const { report } of pierhead.validateLayout(layout.files)) equal(report.issues, [], report.kind);
}

/** What of Node's modules a host has. */
const { getBuiltinModule } = (globalThis as { process?: Partial<NodeJS.Process> }).process ?? {};

export const cases: Case[] = [
  {
    name: "an archive is written to a stream, and read from a Blob",
    async run({ pierhead }) {
      await holdsImage(pierhead, await pierhead.readArchive(await archive(pierhead)));
    },
  },
  {
    name: "an archive is read from a stream, and compressed",
    async run({ pierhead }) {
      const written = await archive(pierhead);
      const packed = written.stream().pipeThrough(new CompressionStream("gzip"));
      for (const source of [written.stream(), packed]) {
        const layout = await pierhead.readArchive(source);
        await holdsImage(pierhead, layout);
        await layout.close();
      }
    },
  },
  {
    name: "an archive that is cut, or none, is refused",
    async run({ pierhead }) {
      const written = await archive(pierhead);
      for (const bad of [written.slice(0, 100_000), new Blob(["not a tar".repeat(1000)]), new Blob([])]) {
        const error = await rejects(pierhead.readArchive(bad));
        ok(error instanceof pierhead.LayoutError, "not an error of the package");
        hasCode(error, "INVALID_ARCHIVE");
      }
    },
  },
  {
    name: "an archive fails with a blob that is not what it should be",
    async run({ pierhead }) {
      const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
      const written = rejects(new Response(readable).arrayBuffer(), "the sink");
      const layout = await pierhead.writeArchive(writable);
      const [, , { descriptor }] = image(pierhead) as [Content, Content, Content];
      // In pieces: of one alone nothing would have been written.
      const bytes = layer.slice().fill(1, 299_999);
      const wrong = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 100_000) controller.enqueue(bytes.slice(at, at + 100_000));
          controller.close();
        },
      });
      hasCode(await rejects(layout.put(descriptor, wrong)), "DIGEST_MISMATCH");
      await written;
      hasCode(await rejects(layout.close()), "DIGEST_MISMATCH");
    },
  },
  {
    name: "a layout in a folder is written and read where there are files, and refused elsewhere",
    async run({ pierhead, runtime }) {
      const files = ["node", "deno", "bun"].includes(runtime);
      if (!files) {
        if (getBuiltinModule?.("node:fs/promises")?.open !== undefined) return;
        hasCode(await rejects(pierhead.openLayout("layout", { create: true })), "NOT_SUPPORTED");
        hasCode(await rejects(pierhead.readArchive("layout.tar")), "NOT_SUPPORTED");
        return;
      }
      const [fs, os, path] = [
        getBuiltinModule?.("node:fs/promises"),
        getBuiltinModule?.("node:os"),
        getBuiltinModule?.("node:path"),
      ];
      if (!fs || !os || !path) throw new Error("the host has no files");
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), "pierhead-runtime-"));
      try {
        const layout = await pierhead.openLayout(path.join(folder, "layout"), { create: true });
        await Promise.all([add(layout, image(pierhead)), add(layout, image(pierhead))]);
        await holdsImage(pierhead, layout);
        equal((await layout.manifests()).length, 1);
        equal((await fs.readdir(path.join(folder, "layout"))).sort(), ["blobs", "index.json", "oci-layout"]);

        const tar = path.join(folder, "layout.tar");
        const target = await pierhead.writeArchive(tar);
        await add(target, image(pierhead));
        await target.close();
        const read = await pierhead.readArchive(tar);
        await holdsImage(pierhead, read);
        await read.close();
        equal((await fs.readdir(folder)).sort(), ["layout", "layout.tar"]);
      } finally {
        await fs.rm(folder, { recursive: true });
      }
    },
  },
];

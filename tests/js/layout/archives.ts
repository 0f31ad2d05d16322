/** Archives to read and to change. */
import { type ImageLayout, writeArchive } from "pierhead/layout";
import { type Image, plain, REF_NAME } from "./images.ts";
import type { Entry } from "./tar.ts";

/** What `write` puts into an archive, as its bytes. */
export async function archived(write: (layout: ImageLayout) => Promise<void>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const bytes = new Response(readable).arrayBuffer();
  const layout = await writeArchive(writable);
  await write(layout);
  await layout.close();
  return new Uint8Array(await bytes);
}

/** The entries of a layout that has an image, to be changed. */
export function entriesOf({ manifest, blobs }: Image, name = "1.0"): Entry[] {
  const index = {
    schemaVersion: 2,
    manifests: [{ ...plain(manifest.descriptor), annotations: { [REF_NAME]: name } }],
  };
  return [
    { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    ...[...blobs, manifest].map(({ descriptor, bytes }) => ({
      name: `blobs/${descriptor.digest.replace(":", "/")}`,
      content: bytes,
    })),
    { name: "index.json", content: JSON.stringify(index) },
  ];
}

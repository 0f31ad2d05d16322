/** Images that the tests put into layouts, and layouts that they look into. */
import { createHash } from "node:crypto";
import type { Descriptor } from "pierhead";
import type { ImageLayout, LayoutFiles } from "pierhead/layout";

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const REF_NAME = "org.opencontainers.image.ref.name";

/** Content, and the descriptor of it. */
export interface Content {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An image: its manifest, and what that points at. */
export interface Image {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function content(mediaType: string, value: string | object): Content {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const bytes = new TextEncoder().encode(text);
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length, annotations: {}, urls: [] }, bytes };
}

/** A descriptor as a document has it. */
export function plain({ mediaType, digest, size }: Descriptor) {
  return { mediaType, digest, size };
}

/** An image of one layer. */
export function image(layer = "a layer", changes: object = {}): Image {
  const config = content("application/vnd.oci.image.config.v1+json", {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [sha256(layer)] },
  });
  const blob = content("application/vnd.oci.image.layer.v1.tar", layer);
  const [configPart, layers] = [plain(config.descriptor), [plain(blob.descriptor)]];
  const document = { schemaVersion: 2, mediaType: MANIFEST, config: configPart, layers, ...changes };
  return { manifest: content(MANIFEST, document), blobs: [config, blob] };
}

/** An artifact that refers to a manifest. */
export function referrer(subject: Descriptor, text: string, artifactType = "application/vnd.example.sbom"): Image {
  const empty = content("application/vnd.oci.empty.v1+json", "{}");
  const blob = content("text/plain", text);
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType,
    config: plain(empty.descriptor),
    layers: [plain(blob.descriptor)],
    subject: plain(subject),
    annotations: { "org.example.note": text },
  };
  return { manifest: content(MANIFEST, document), blobs: [empty, blob] };
}

export function stream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
}

export async function put(layout: ImageLayout, ...contents: readonly Content[]): Promise<void> {
  for (const { descriptor, bytes } of contents) await layout.put(descriptor, stream(bytes));
}

/** Puts an image, and enters it. */
export async function add(layout: ImageLayout, { manifest, blobs }: Image, name?: string): Promise<Descriptor> {
  await put(layout, ...blobs, manifest);
  await layout.tag(manifest.descriptor, name);
  return manifest.descriptor;
}

export async function bytesOf(layout: ImageLayout, descriptor: Descriptor): Promise<Uint8Array | undefined> {
  const opened = await layout.open(descriptor);
  return opened && new Uint8Array(await new Response(opened as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The files among the blobs. */
export async function pathsIn(files: LayoutFiles): Promise<string[]> {
  const listed = await files.list?.("blobs");
  return listed === undefined ? [] : await all(listed);
}

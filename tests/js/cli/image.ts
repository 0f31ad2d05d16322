/** The image that the tests look into, as its own documents describe it, and layouts with other images. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureLayout } from "../../support/registry.mjs";

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What points at a part. */
export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface PlatformPart extends Part {
  readonly platform: { readonly os: string; readonly architecture: string };
}

interface Manifest {
  readonly config: Part;
  readonly layers: readonly [Part, Part];
}

/** A part as `pierhead inspect --json` has it. */
export interface Node extends Part {
  readonly role: string;
  readonly status: string;
  readonly platform?: string;
  readonly name?: string;
  readonly repeated?: true;
  readonly error?: { readonly code?: string; readonly message: string };
  readonly children: readonly Node[];
}

/** What `pierhead inspect --json` prints. */
export interface Inspection {
  readonly target: string;
  readonly verified: boolean;
  readonly totals: Readonly<Record<"verified" | "failed" | "notRead" | "bytes", number>>;
  readonly root: Node;
}

/** The index of `hello:1.0`. */
export const hello = helloIndex();

/** The manifests of `hello:1.0`: for linux/amd64, and for linux/arm64. */
export const [amd64, arm64] = content<{ manifests: [PlatformPart, PlatformPart] }>(hello).manifests;

/** The configuration and the layers of a manifest. */
export function partsOf(manifest: Part): Manifest {
  return content(manifest);
}

/** The index, with all below it verified. */
export function helloNode(): Node {
  const [shared] = partsOf(amd64).layers;
  return { role: "index", ...hello, status: "verified", children: [manifestNode(amd64), manifestNode(arm64, shared)] };
}

/** A manifest, with all below it verified, of which a layer has been met above. */
export function manifestNode(manifest: PlatformPart, met?: Part): Node {
  const { config, layers } = partsOf(manifest);
  const platform = `${manifest.platform.os}/${manifest.platform.architecture}`;
  const verified = { status: "verified", children: [] };
  const layerNodes = layers.map((layer) => ({
    role: "layer",
    ...layer,
    ...verified,
    ...(layer.digest === met?.digest && { repeated: true as const }),
  }));
  const children = [{ role: "config", ...config, ...verified, platform }, ...layerNodes];
  return { role: "manifest", ...manifest, ...verified, platform, children };
}

/** Copies the layout of `hello:1.0` to where it can be damaged. */
export function copyLayout(folder: string): string {
  cpSync(fixtureLayout, folder, { recursive: true });
  return folder;
}

/** Where a layout keeps a part. */
export function blobPath(folder: string, { digest }: Pick<Part, "digest">): string {
  return join(folder, "blobs", ...digest.split(":"));
}

/** Begins a layout, without its index. */
export function makeLayout(folder: string): string {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
}

/** Adds a document or a text to a layout. */
export function addBlob(folder: string, mediaType: string, value: object | string): Part {
  const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  writeFileSync(blobPath(folder, { digest }), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Adds an image of one layer to a layout. */
export function addImage(folder: string, layer: string, changes: object = {}): Part {
  const config = addBlob(folder, "application/vnd.oci.image.config.v1+json", { os: "linux", architecture: "amd64" });
  const layers = [addBlob(folder, "application/vnd.oci.image.layer.v1.tar", layer)];
  return addBlob(folder, MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers, ...changes });
}

/** Ends a layout with its index. */
export function addIndex(folder: string, manifests: readonly object[]): void {
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
}

function helloIndex(): Part {
  const [{ mediaType, digest, size }] = parsed<{ manifests: [Part] }>("index.json").manifests;
  return { mediaType, digest, size };
}

function content<T>(part: Part): T {
  return parsed(blobPath("", part));
}

function parsed<T>(path: string): T {
  return JSON.parse(readFileSync(join(fixtureLayout, path), "utf8"));
}

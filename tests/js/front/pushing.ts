/** What tests push to a front, and see of it. */
import { createHash } from "node:crypto";
import type { Front } from "pierhead/front";

export const IMAGE = "application/vnd.oci.image.manifest.v1+json";
export const DAY = 24 * 60 * 60 * 1000;

export const sha256 = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

export async function ask(front: Front, method: string, path: string, body?: string, type?: string): Promise<Response> {
  const headers = type === undefined ? undefined : { "content-type": type };
  return await front(new Request(`http://front.test/v2/${path}`, { method, body, headers } as RequestInit));
}

async function expectStatus(status: number, answered: Promise<Response>): Promise<void> {
  const answer = await answered;
  if (answer.status !== status) throw new Error(`${answer.status}, not ${status}: ${await answer.text()}`);
}

/** Puts a blob into a repository; gives its digest. */
export async function pushBlob(front: Front, name: string, content: string): Promise<string> {
  const digest = sha256(content);
  await expectStatus(201, ask(front, "POST", `${name}/blobs/uploads/?digest=${digest}`, content));
  return digest;
}

/** Puts an image of one layer, by a tag or its digest; gives its digest. */
export async function pushImage(front: Front, name: string, tag: string | undefined, layer: string): Promise<string> {
  const descriptor = (mediaType: string, digest: string, size: number) => ({ mediaType, digest, size });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: descriptor("application/vnd.oci.image.config.v1+json", await pushBlob(front, name, "{}"), 2),
    layers: [
      descriptor(
        "application/vnd.oci.image.layer.v1.tar",
        await pushBlob(front, name, layer),
        Buffer.byteLength(layer),
      ),
    ],
  });
  const digest = sha256(manifest);
  await expectStatus(201, ask(front, "PUT", `${name}/manifests/${tag ?? digest}`, manifest, IMAGE));
  return digest;
}

/** Begins an upload with these bytes; gives where it goes on. */
export async function pushChunk(front: Front, name: string, content: string): Promise<string> {
  const begun = await ask(front, "POST", `${name}/blobs/uploads/`);
  const { pathname } = new URL(begun.headers.get("location") as string, "http://front.test");
  await expectStatus(202, ask(front, "PATCH", pathname.slice("/v2/".length), content));
  return pathname.slice("/v2/".length);
}

/** The status of a request to read something. */
export async function status(front: Front, path: string): Promise<number> {
  const answer = await ask(front, "GET", path);
  await answer.body?.cancel();
  return answer.status;
}

/** The layer of an image, read by its tag; `undefined` where there is none. */
export async function layerOf(front: Front, name: string, reference: string): Promise<string | undefined> {
  const answer = await ask(front, "GET", `${name}/manifests/${reference}`);
  if (answer.status === 404) return undefined;
  const { layers } = (await answer.json()) as { layers: { digest: string }[] };
  const blob = await ask(front, "GET", `${name}/blobs/${layers[0]?.digest}`);
  if (blob.status !== 200) throw new Error(`the layer is ${blob.status}`);
  return await blob.text();
}

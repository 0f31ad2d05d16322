/** Fills a registry with an OCI layout, by the push API (distribution specification, end-4a, end-6 and end-7). */
import { Layout } from "../../tests/support/layout.mjs";

/**
 * @param {string} registry The registry's URL, without a trailing slash.
 * @param {string} name The repository to push to.
 * @param {string} folder The layout.
 */
export async function pushLayout(registry, name, folder) {
  const layout = await Layout.read(folder);
  const repository = `${registry}/v2/${name}`;
  for (const blob of layout.blobs.values()) await pushBlob(repository, blob);
  const pushed = new Set();
  for (const [tag, digest] of layout.tags) await pushManifest(repository, layout, digest, tag, pushed);
}

async function pushBlob(repository, { digest, bytes }) {
  const opened = await send(`${repository}/blobs/uploads/`, { method: "POST" }, 202);
  const upload = new URL(opened.headers.get("location"), repository);
  upload.searchParams.set("digest", digest);
  const headers = { "Content-Type": "application/octet-stream" };
  await send(upload, { method: "PUT", headers, body: bytes }, 201);
}

/** A registry takes an index only when it has what the index points at. */
async function pushManifest(repository, layout, digest, reference, pushed) {
  if (pushed.has(reference)) return;
  const { bytes, mediaType } = layout.manifest(digest);
  for (const child of JSON.parse(bytes.toString("utf8")).manifests ?? []) {
    await pushManifest(repository, layout, child.digest, child.digest, pushed);
  }
  const request = { method: "PUT", headers: { "Content-Type": mediaType }, body: bytes };
  await send(`${repository}/manifests/${reference}`, request, 201);
  pushed.add(reference);
}

async function send(url, request, status) {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`${request.method} ${url} was answered ${response.status}, not ${status}: ${text.slice(0, 500)}`);
  }
  return response;
}

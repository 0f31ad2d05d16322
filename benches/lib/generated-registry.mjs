/**
 * A registry on loopback that keeps nothing: it makes what it is asked for, and hashes and forgets what it is sent. What
 * it costs does not depend on how much it has, so that whatever grows is the client's.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pipeline, Readable } from "node:stream";
import { layerChunks } from "./large-image.mjs";

const INDEX = "application/vnd.oci.image.index.v1+json";

/**
 * Repositories: `image` has the image, `empty` takes blobs and manifests, `tags` has so many tags, `referrers` so many
 * referrers of every digest. Lists come in pages of `n`, or of `page`, with a link to the next.
 *
 * @param {object} options
 * @param {import("./large-image.mjs").LargeImage} [options.image]
 * @param {number} [options.tags]
 * @param {number} [options.referrers]
 * @param {number} [options.page] Entries of a page that nobody asked the length of.
 * @returns {Promise<{host: string, arrivals: number[], pushed: Map<string, number>, close(): void}>} `arrivals` is when each
 *   request for a list came, in milliseconds; `pushed` is the size of each blob and manifest that came.
 */
export async function startGeneratedRegistry({ image, tags = 0, referrers = 0, page = 100 }) {
  const arrivals = [];
  const pushed = new Map();
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://registry");
    const [, name, kind, rest = ""] =
      /^\/v2\/([a-z]+)\/(manifests|blobs|tags|referrers)\/(.+)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/v2/") return send(response, 200, "{}");
    if (kind === "tags" || kind === "referrers") {
      arrivals.push(performance.now());
      return kind === "tags" ? sendTags(response, url, tags, page) : sendReferrers(response, url, referrers, page);
    }
    if (name === "image" && image !== undefined) return sendImage(response, image, kind, rest);
    if (name === "empty") return take(request, response, url, kind, rest, pushed);
    send(response, 404, JSON.stringify({ errors: [{ code: "NAME_UNKNOWN" }] }));
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { host: `127.0.0.1:${server.address().port}`, arrivals, pushed, close };
}

function sendImage(response, image, kind, reference) {
  const digest = reference === image.tag ? image.manifest.digest : reference;
  const layer = image.layers.get(digest);
  const type = kind === "manifests" ? image.manifest.mediaType : "application/octet-stream";
  const headers = { "Content-Type": type, "Docker-Content-Digest": digest };
  if (layer === undefined) {
    const bytes = image.documents.get(digest);
    return bytes === undefined ? send(response, 404, "{}") : send(response, 200, bytes, headers);
  }
  response.writeHead(200, { ...headers, "Content-Length": layer.size });
  if (response.req.method === "HEAD") return response.end();
  pipeline(Readable.from(layerChunks(layer.number, layer.size), { objectMode: false }), response, () => {});
}

/** The push API: POST opens an upload, PATCH and PUT send to it, and PUT tells the digest. */
const uploads = new Map();

async function take(request, response, url, kind, rest, pushed) {
  const { method } = request;
  if (method === "HEAD" || method === "GET") {
    const size = pushed.get(rest);
    if (size === undefined) return send(response, 404, "{}");
    return send(response, 200, "", { "Content-Length": size, "Docker-Content-Digest": rest });
  }
  if (method === "POST") {
    const id = randomUUID();
    uploads.set(id, { hash: createHash("sha256"), size: 0 });
    return send(response, 202, "", { Location: `/v2/empty/blobs/uploads/${id}` });
  }
  const id = rest.slice("uploads/".length);
  const content = kind === "manifests" ? { hash: createHash("sha256"), size: 0 } : uploads.get(id);
  for await (const chunk of request) {
    content.hash.update(chunk);
    content.size += chunk.length;
  }
  if (method === "PATCH") return send(response, 202, "", { Location: url.pathname, Range: `0-${content.size - 1}` });
  uploads.delete(id);
  const digest = `sha256:${content.hash.digest("hex")}`;
  if (kind === "blobs" && digest !== url.searchParams.get("digest")) return send(response, 400, "{}");
  pushed.set(digest, content.size);
  send(response, 201, "", { Location: `/v2/empty/${kind}/${digest}`, "Docker-Content-Digest": digest });
}

function sendTags(response, url, total, page) {
  const n = Number(url.searchParams.get("n") ?? page);
  const last = url.searchParams.get("last");
  const first = last === null ? 0 : Number(last.slice(1)) + 1;
  const end = Math.min(first + n, total);
  const tags = Array.from({ length: end - first }, (_, index) => `v${String(first + index).padStart(6, "0")}`);
  const link = end < total ? { Link: `</v2/tags/tags/list?n=${n}&last=${tags.at(-1)}>; rel="next"` } : {};
  send(response, 200, JSON.stringify({ name: "tags", tags }), { ...link, "Content-Type": "application/json" });
}

function sendReferrers(response, url, total, page) {
  const first = Number(url.searchParams.get("from") ?? 0);
  const end = Math.min(first + page, total);
  const manifests = Array.from({ length: end - first }, (_, index) => referrer(first + index));
  const link = end < total ? { Link: `<${url.pathname}?from=${end}>; rel="next"` } : {};
  const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
  send(response, 200, body, { ...link, "Content-Type": INDEX });
}

function referrer(number) {
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${createHash("sha256").update(String(number)).digest("hex")}`,
    size: 700 + (number % 100),
    artifactType: "application/vnd.example.sbom",
    annotations: { "org.opencontainers.image.created": "2026-01-01T00:00:00Z" },
  };
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Length": Buffer.byteLength(body), ...headers });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

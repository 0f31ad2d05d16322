/**
 * The write side of the test registry for manifests, and what it lists: repositories under `manifests/`, which are empty at first. The part
 * of the name behind that says what the registry is like: `new` does all of the specification, with entity tags that are compared;
 * `old` has no referrers API, no tags beside a digest, and lets no tag be deleted.
 */
import { createHash } from "node:crypto";
import { sendContent, sendError } from "./content.mjs";

const PATH =
  /^\/v2\/(?<name>manifests\/(?<way>new|old)\/[\w-]+)\/(?<kind>manifests|tags|referrers|_oci\/ext)\/(?<rest>[\w.:-]+)$/;
const INDEX = "application/vnd.oci.image.index.v1+json";
/** How many entries a page has at most. */
const PAGE = 3;

/** @typedef {{manifests: Map<string, import("./layout.mjs").Content>, tags: Map<string, string>}} Repository */

export class Manifests {
  /** @type {Map<string, Repository>} */
  #repositories = new Map();

  /**
   * Answers a request that is about these repositories, or for their catalog; else false.
   *
   * @param {import("node:http").ServerResponse} response
   * @param {URL} url
   */
  answers(response, url) {
    if (url.pathname === "/v2/_catalog") {
      sendList(response, url, "repositories", [...this.#repositories.keys()].sort());
      return true;
    }
    const route = PATH.exec(url.pathname)?.groups;
    if (route === undefined) return false;
    this.#answer(response, url, route).catch((error) => response.destroy(error));
    return true;
  }

  async #answer(response, url, { name, way, kind, rest }) {
    const { method } = response.req;
    const chunks = [];
    for await (const chunk of response.req) chunks.push(chunk);
    const repository = this.#repositories.get(name) ?? { manifests: new Map(), tags: new Map() };
    if (kind === "_oci/ext") {
      const extensions = [
        { name: "_oci", url: "https://example.test/", endpoints: ["_oci/ext/discover"] },
        { name: 7 },
      ];
      if (way === "new") sendJson(response, { extensions });
      else sendError(response, 404, "UNSUPPORTED", "no extensions");
    } else if (kind === "tags") {
      sendList(response, url, "tags", [...repository.tags.keys()].sort());
    } else if (kind === "referrers") {
      if (way === "new") sendReferrers(response, url, repository, rest);
      else sendError(response, 404, "NOT_FOUND", "no such endpoint");
    } else if (method === "PUT") {
      this.#repositories.set(name, repository);
      put(response, url, { repository, way, reference: rest, bytes: Buffer.concat(chunks) });
    } else if (method === "DELETE") {
      remove(response, { repository, way, reference: rest });
    } else {
      const content = repository.manifests.get(repository.tags.get(rest) ?? rest);
      if (content === undefined) sendError(response, 404, "MANIFEST_UNKNOWN", "not in this repository");
      else sendContent(response, content);
    }
  }
}

function put(response, url, { repository, way, reference, bytes }) {
  const { headers } = response.req;
  const current = repository.tags.get(reference);
  const lost = headers["if-match"] !== undefined && headers["if-match"] !== `"${current}"`;
  if (way === "new" && (lost || (headers["if-none-match"] === "*" && current !== undefined))) {
    sendError(response, 412, "DENIED", "the tag has changed");
    return;
  }
  const byDigest = reference.includes(":");
  const algorithm = byDigest ? reference.split(":")[0] : "sha256";
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (byDigest && digest !== reference) {
    sendError(response, 400, "DIGEST_INVALID", "the manifest has another digest");
    return;
  }
  repository.manifests.set(digest, { digest, mediaType: headers["content-type"], bytes });
  const tags = byDigest ? (way === "new" ? url.searchParams.getAll("tag") : []) : [reference];
  for (const tag of tags) repository.tags.set(tag, digest);
  const subject = JSON.parse(bytes.toString()).subject?.digest;
  response.writeHead(201, {
    Location: `${url.pathname}`,
    "Docker-Content-Digest": digest,
    ...(byDigest && tags.length > 0 && { "OCI-Tag": tags.join(", ") }),
    ...(way === "new" && subject && { "OCI-Subject": subject }),
  });
  response.end();
}

function remove(response, { repository, way, reference }) {
  if (!reference.includes(":") && way === "old") {
    sendError(response, 405, "UNSUPPORTED", "a tag cannot be deleted");
    return;
  }
  const deleted = repository.manifests.delete(reference) || repository.tags.delete(reference);
  for (const [tag, digest] of repository.tags) if (digest === reference) repository.tags.delete(tag);
  if (deleted) response.writeHead(202).end();
  else sendError(response, 404, "MANIFEST_UNKNOWN", "not in this repository");
}

function sendReferrers(response, url, { manifests }, subject) {
  const start = Number(url.searchParams.get("page") ?? 0);
  const found = [...manifests.values()]
    .map(({ bytes, ...content }) => ({ ...content, size: bytes.length, document: JSON.parse(bytes.toString()) }))
    .filter(({ document }) => document.subject?.digest === subject)
    .map(({ document, ...descriptor }) => ({
      ...descriptor,
      artifactType: document.artifactType ?? document.config?.mediaType,
      annotations: document.annotations,
    }));
  // It does not filter, and does not say that it does.
  if (start + PAGE < found.length) response.setHeader("Link", `<${url.pathname}?page=${start + PAGE}>; rel="next"`);
  const manifestsOfPage = found.slice(start, start + PAGE);
  sendJson(response, { schemaVersion: 2, mediaType: INDEX, manifests: manifestsOfPage }, INDEX);
}

/** A page of names, after `last`, and a link to the next. */
function sendList(response, url, key, all) {
  const last = url.searchParams.get("last") ?? "";
  const rest = all.filter((name) => name > last);
  const n = Math.min(Number(url.searchParams.get("n") ?? PAGE), PAGE);
  const page = rest.slice(0, n);
  if (n > 0 && rest.length > n) {
    response.setHeader("Link", `<${url.pathname}?last=${encodeURIComponent(page.at(-1))}&n=${n}>; rel="next"`);
  }
  sendJson(response, { [key]: page });
}

function sendJson(response, value, mediaType = "application/json") {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { "Content-Type": mediaType, "Content-Length": String(body.length) }).end(body);
}

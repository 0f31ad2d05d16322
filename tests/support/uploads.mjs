/**
 * The write side of the test registry: blobs, pushed to repositories under `uploads/`, which are empty at first. The part of the name
 * behind that says what goes wrong there, the rest is for a test to have one of its own: `uploads/cut/1`. Those of `manifests.mjs` take
 * blobs too, and nothing goes wrong with them.
 */
import { createHash, randomUUID } from "node:crypto";
import { sendContent, sendError } from "./content.mjs";

const PATH =
  /^\/v2\/(?<name>uploads\/(?<way>[a-z-]+)\/[\w/-]+?|manifests\/[a-z]+\/[\w-]+)\/blobs\/(?<rest>uploads\/[\w-]*|[\w:]+)$/;
const LOG = /^\/log\/(?<name>uploads\/.+)$/;

/**
 * @typedef {{blobs: Map<string, Buffer>, sessions: Map<string, Buffer>, log: object[], broken: boolean}} Repository
 */

export class Uploads {
  /** @type {Map<string, Repository>} */
  #repositories = new Map();

  /**
   * Answers a request that is about uploads, or for `/log/<repository>`: what was asked of it. False if it is about neither.
   *
   * @param {import("node:http").ServerResponse} response
   * @param {URL} url
   */
  answers(response, url) {
    const logged = LOG.exec(url.pathname)?.groups;
    if (logged !== undefined) {
      const body = JSON.stringify(this.#repository(logged.name).log);
      response.writeHead(200, { "Content-Type": "application/json" }).end(body);
      return true;
    }
    const route = PATH.exec(url.pathname)?.groups;
    if (route === undefined) return false;
    this.#answer(response, url, route).catch((error) => response.destroy(error));
    return true;
  }

  #repository(name) {
    const made = { blobs: new Map(), sessions: new Map(), log: [], broken: false };
    const repository = this.#repositories.get(name) ?? made;
    this.#repositories.set(name, repository);
    return repository;
  }

  async #answer(response, url, { name, way = "plain", rest }) {
    const { req: request } = response;
    const { method, headers } = request;
    const repository = this.#repository(name);
    const entry = { method, length: headers["content-length"], range: headers["content-range"] };
    repository.log.push(entry);
    if (method === "PUT" || method === "PATCH") {
      if (way === "silent") return;
      if (!repository.broken && way !== "plain") {
        repository.broken = true;
        if (way === "cut") return await cut(request, repository, rest.slice("uploads/".length));
        if (way === "forgetful") repository.sessions.clear();
      }
    }
    const body = await whole(request);
    entry.bytes = body.length;
    if (!rest.startsWith("uploads/")) this.#blob(response, repository, rest);
    else if (method === "POST") this.#open(response, url, name, repository, { way, body });
    else this.#session(response, url, name, repository, { id: rest.slice("uploads/".length), body });
  }

  #blob(response, repository, digest) {
    const { method } = response.req;
    const bytes = repository.blobs.get(digest);
    if (bytes === undefined) sendError(response, 404, "BLOB_UNKNOWN", "no such blob");
    else if (method === "DELETE") {
      repository.blobs.delete(digest);
      response.writeHead(202, { "Content-Length": "0" }).end();
    } else sendContent(response, { digest, mediaType: "application/octet-stream", bytes });
  }

  #open(response, url, name, repository, { way, body }) {
    const mounted = this.#repositories.get(url.searchParams.get("from") ?? "")?.blobs;
    const mount = url.searchParams.get("mount");
    const digest = url.searchParams.get("digest");
    if (mount !== null && mounted?.has(mount)) return commit(response, name, repository, mount, mounted.get(mount));
    if (way === "single" && digest !== null) return commit(response, name, repository, digest, body);
    const id = randomUUID();
    repository.sessions.set(id, Buffer.alloc(0));
    stands(response, 202, name, id, 0);
  }

  #session(response, url, name, repository, { id, body }) {
    const { method, headers } = response.req;
    const held = repository.sessions.get(id);
    if (held === undefined) return sendError(response, 404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
    if (method === "DELETE") {
      repository.sessions.delete(id);
      response.writeHead(204).end();
      return;
    }
    if (method === "GET") return stands(response, 204, name, id, held.length);
    const [start] = (headers["content-range"] ?? String(held.length)).split("-");
    if (Number(start) !== held.length) return stands(response, 416, name, id, held.length);
    const bytes = Buffer.concat([held, body]);
    if (method === "PATCH") {
      repository.sessions.set(id, bytes);
      return stands(response, 202, name, id, bytes.length);
    }
    repository.sessions.delete(id);
    commit(response, name, repository, url.searchParams.get("digest"), bytes);
  }
}

/** Takes half of the body and breaks the connection. */
async function cut(request, repository, id) {
  const most = Math.floor(Number(request.headers["content-length"]) / 2);
  const parts = [repository.sessions.get(id)];
  let missing = most;
  for await (const chunk of request) {
    parts.push(chunk.subarray(0, missing));
    missing -= Math.min(missing, chunk.length);
    if (missing === 0) break;
  }
  repository.sessions.set(id, Buffer.concat(parts));
  request.socket.destroy();
}

async function whole(request) {
  const parts = [];
  for await (const chunk of request) parts.push(chunk);
  return Buffer.concat(parts);
}

function stands(response, status, name, id, length) {
  const fields = { Location: `/v2/${name}/blobs/uploads/${id}?state=${length}`, Range: `0-${Math.max(length - 1, 0)}` };
  response.writeHead(status, { ...fields, "Content-Length": "0" }).end();
}

function commit(response, name, repository, digest, bytes) {
  const [algorithm] = digest.split(":");
  if (`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` !== digest) {
    sendError(response, 400, "DIGEST_INVALID", "the blob has another digest");
    return;
  }
  repository.blobs.set(digest, bytes);
  const fields = { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest, "Content-Length": "0" };
  response.writeHead(201, fields).end();
}

/**
 * The registry of the tests: the read side of the distribution specification over one OCI layout, with CORS,
 * ranges, optional Bearer tokens, the faults of `faults.mjs`, the uploads of `uploads.mjs`, and the manifests and lists of
 * `manifests.mjs`. It is not for production; `npm start` uses it as the upstream where no real registry is installed.
 */
import { createServer } from "node:http";
import { sendContent, sendError } from "./content.mjs";
import { faultNames, serveFault } from "./faults.mjs";
import { fixtureLayout, Layout } from "./layout.mjs";
import { Manifests } from "./manifests.mjs";
import { Tokens } from "./tokens.mjs";
import { Uploads } from "./uploads.mjs";

const PATH = /^\/v2\/(?<name>[a-z0-9./_-]+)\/(?<kind>manifests|blobs)\/(?<reference>[\w.:+-]+)$/;

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers":
    "Accept-Ranges, Content-Length, Content-Range, Docker-Content-Digest, ETag, Link, Location, OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, Retry-After, WWW-Authenticate",
};

const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Range, Content-Type, If-Match, If-None-Match, Range",
  "Access-Control-Max-Age": "600",
};

export { faultNames, fixtureLayout };

/**
 * A request as the registry got it; `elsewhere` for one that came to the other origin, by redirect.
 *
 * @typedef {{method: string, path: string, headers: import("node:http").IncomingHttpHeaders, elsewhere: boolean}} Recorded
 */

/**
 * Starts a registry on 127.0.0.1.
 *
 * @param {object} [options]
 * @param {string} [options.layout] The OCI layout to serve; the committed one unless told.
 * @param {string} [options.name] The repository that holds it.
 * @param {boolean} [options.auth] Whether to ask for a Bearer token, which anyone gets.
 * @param {number} [options.port] 0 for any that is free.
 * @returns {Promise<{url: string, host: string, requests: Recorded[], close(): Promise<void>}>}
 */
export async function startRegistry({ layout = fixtureLayout, name = "hello", auth = false, port = 0 } = {}) {
  const image = await Layout.read(layout);
  /** @type {Recorded[]} */
  const requests = [];

  const elsewhere = await listen(0, (request, response) => {
    requests.push(recorded(request, true));
    if (answersCors(response)) return;
    const content = image.blobs.get(request.url.slice(1)) ?? image.manifests.get(request.url.slice(1));
    if (content === undefined) sendError(response, 404, "BLOB_UNKNOWN", "no such object");
    else sendContent(response, content);
  });

  /** @type {Tokens | undefined} */
  let tokens;
  const [uploads, manifests] = [new Uploads(), new Manifests()];
  const registry = await listen(port, (request, response) => {
    requests.push(recorded(request, false));
    if (answersCors(response)) return;
    const url = new URL(request.url, registry.url);
    if (url.pathname === "/token" && tokens !== undefined) tokens.issue(response, url);
    else if (uploads.answers(response, url) || manifests.answers(response, url)) return;
    else answer(response, url.pathname, { image, name, tokens, elsewhere: elsewhere.url });
  });
  if (auth) tokens = new Tokens(`${registry.url}/token`);

  return {
    url: registry.url,
    host: registry.host,
    requests,
    close: async () => {
      await Promise.all([registry.close(), elsewhere.close()]);
    },
  };
}

function answer(response, path, { image, name, tokens, elsewhere }) {
  const { method } = response.req;
  if (method !== "GET" && method !== "HEAD") {
    sendError(response, 405, "UNSUPPORTED", "this registry can only be read");
    return;
  }
  const route = PATH.exec(path)?.groups;
  if (tokens !== undefined && !tokens.admits(response, route?.name)) return;
  if (path === "/v2/") {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "2" });
    response.end(method === "HEAD" ? undefined : "{}");
    return;
  }
  if (route === undefined) {
    sendError(response, 404, "UNSUPPORTED", "no such endpoint");
    return;
  }
  const fault = route.name.startsWith("faults/") ? route.name.slice("faults/".length) : undefined;
  if (route.name !== name && !faultNames.includes(fault)) {
    sendError(response, 404, "NAME_UNKNOWN", "no such repository");
    return;
  }
  const isManifest = route.kind === "manifests";
  const content = isManifest ? image.manifest(route.reference) : image.blobs.get(route.reference);
  if (content === undefined) {
    sendError(response, 404, isManifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN", "not in this repository");
  } else if (fault === undefined) sendContent(response, content);
  else serveFault(fault, response, content, { elsewhere });
}

/** Adds what lets a web page read the answer; answers preflight requests itself, with true. */
function answersCors(response) {
  for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
  if (response.req.method !== "OPTIONS") return false;
  response.writeHead(204, PREFLIGHT).end();
  return true;
}

/** @returns {Recorded} */
function recorded({ method, url, headers }, elsewhere) {
  return { method, path: url, headers, elsewhere };
}

/** @param {import("node:http").RequestListener} handler */
async function listen(port, handler) {
  const server = createServer(handler);
  await new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const host = `127.0.0.1:${server.address().port}`;
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      // Faults leave connections open for ever, on purpose.
      server.closeAllConnections();
    });
  return { url: `http://${host}`, host, close };
}

/**
 * What a registry, or the way to it, can do wrong. Each fault is a repository of its own, `faults/<name>`, which
 * holds the same image as `hello` and spoils how it is served. Faults of the body leave HEAD alone.
 */
import { gzipSync } from "node:zlib";
import { contentHeaders, parseRange, sendContent, sendError } from "./content.mjs";

/**
 * @typedef {import("node:http").ServerResponse} Response
 * @typedef {import("./layout.mjs").Content} Content
 * @typedef {{elsewhere: string}} Scene where the other origin is
 */

/** @type {Record<string, (response: Response, content: Content, scene: Scene) => void>} */
const bodyFaults = {
  /** Ends cleanly, half way, with a `Content-Length` that says so. */
  truncated: (response, content) => sendBytes(response, content, half(content)),

  /** Ends cleanly, half way, without a `Content-Length`. */
  "truncated-chunked": (response, content) => {
    sendHead(response, content, { "Content-Length": undefined });
    response.end(half(content));
  },

  /** One byte too many. */
  long: (response, content) => sendBytes(response, content, Buffer.concat([content.bytes, Buffer.from(" ")])),

  /** One bit wrong, in the middle. */
  corrupt: (response, content) => {
    const bytes = Buffer.from(content.bytes);
    bytes[bytes.length >> 1] ^= 1;
    sendBytes(response, content, bytes);
  },

  /** The connection breaks half way. */
  cut: (response, content) => {
    sendHead(response, content);
    response.write(half(content), () => response.socket?.destroy());
  },

  /** The connection breaks again and again, each time a fifth of the whole further on. */
  "cut-often": (response, content) => {
    const { bytes } = content;
    const range = parseRange(response.req.headers.range ?? "", bytes.length);
    const { start, end } = range ?? { start: 0, end: bytes.length };
    const fields = { ...contentHeaders(content), "Content-Length": String(end - start) };
    if (range !== undefined) fields["Content-Range"] = `bytes ${start}-${end - 1}/${bytes.length}`;
    response.writeHead(range === undefined ? 200 : 206, fields);
    const part = bytes.subarray(start, Math.min(end, start + Math.ceil(bytes.length / 5)));
    if (start + part.length === end) response.end(part);
    // A little later: Bun drops what comes together with the end of its connection, and would get no further.
    else response.write(part, () => setTimeout(() => response.socket?.destroy(), 50));
  },

  /** Half the body, then nothing, with the connection open. */
  stall: (response, content) => {
    sendHead(response, content);
    response.write(half(content));
  },

  /** All is well, but no `Content-Length`. */
  "no-length": (response, content) => {
    sendHead(response, content, { "Content-Length": undefined });
    response.end(content.bytes);
  },

  /** A media type that is not the document's. */
  "wrong-type": (response, content) => {
    sendHead(response, content, { "Content-Type": "application/vnd.docker.distribution.manifest.v2+json" });
    response.end(content.bytes);
  },

  /** Another content's digest in the header. */
  "wrong-digest": (response, content) => {
    sendHead(response, content, { "Docker-Content-Digest": `sha256:${"0".repeat(64)}` });
    response.end(content.bytes);
  },

  /** Compressed on the way, although the digest covers what is not. */
  gzip: (response, content) => {
    const bytes = gzipSync(content.bytes);
    sendHead(response, content, { "Content-Encoding": "gzip", "Content-Length": String(bytes.length) });
    response.end(bytes);
  },

  /** A body without an end. */
  huge: (response, content) => {
    sendHead(response, content, { "Content-Length": undefined });
    sendForEver(response);
  },
};

/** @type {typeof bodyFaults} */
const answerFaults = {
  /** The request is taken and never answered. */
  silent: () => {},

  /** A captive portal or a login page: 200, but not a registry. */
  html: (response) => {
    const body = "<!doctype html><title>Sign in</title><p>Please sign in to the network.";
    response.writeHead(200, { "Content-Type": "text/html", "Content-Length": String(body.length) });
    response.end(response.req.method === "HEAD" ? undefined : body);
  },

  "error-500": (response) => sendError(response, 500, "UNKNOWN", "the storage is on fire"),

  /** An error whose explanation never ends. */
  "error-endless": (response) => {
    response.writeHead(500, { "Content-Type": "application/json" });
    if (response.req.method === "HEAD") response.end();
    else sendForEver(response);
  },

  "rate-limited": (response) => sendError(response, 429, "TOOMANYREQUESTS", "slow down", { "Retry-After": "3600" }),

  denied: (response) => sendError(response, 403, "DENIED", "this repository is closed"),

  /** To another origin, as registries do that keep blobs in an object store. */
  redirect: (response, content, { elsewhere }) =>
    response.writeHead(307, { Location: `${elsewhere}/${content.digest}`, "Content-Length": "0" }).end(),

  "redirect-loop": (response) => response.writeHead(307, { Location: response.req.url, "Content-Length": "0" }).end(),
};

/** The names of every fault. */
export const faultNames = [...Object.keys(bodyFaults), ...Object.keys(answerFaults)];

/**
 * Serves the content with the fault; false when no fault has that name.
 *
 * @param {string} name
 * @param {Response} response
 * @param {Content} content
 * @param {Scene} scene
 */
export function serveFault(name, response, content, scene) {
  if (Object.hasOwn(answerFaults, name)) answerFaults[name](response, content, scene);
  else if (!Object.hasOwn(bodyFaults, name)) return false;
  else if (response.req.method === "HEAD") sendContent(response, content);
  else bodyFaults[name](response, content, scene);
  return true;
}

function sendHead(response, content, changes = {}) {
  const headers = { ...contentHeaders(content), ...changes };
  for (const [name, value] of Object.entries(headers)) if (value === undefined) delete headers[name];
  response.writeHead(200, headers);
}

function sendBytes(response, content, bytes) {
  sendHead(response, content, { "Content-Length": String(bytes.length) });
  response.end(bytes);
}

function half({ bytes }) {
  return bytes.subarray(0, bytes.length >> 1);
}

/** Spaces, which JSON allows without end, as fast as the peer takes them. */
function sendForEver(response) {
  const chunk = Buffer.alloc(64 * 1024, " ");
  const send = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", send);
  send();
}

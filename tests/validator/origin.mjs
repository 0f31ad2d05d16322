/** A server on loopback to fetch documents from, with all that can be wrong with one. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { manifest, text } from "./documents.mjs";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CORS = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Docker-Content-Digest" };

export const served = text(manifest());
export const servedDigest = `sha256:${createHash("sha256").update(served).digest("hex")}`;
export const otherDigest = `sha256:${"0".repeat(64)}`;

/** By path: what each answers. */
const answers = {
  "/v2/app/manifests/1.0": (response) => {
    response.writeHead(200, { ...CORS, "Content-Type": MANIFEST, "Docker-Content-Digest": servedDigest }).end(served);
  },
  [`/v2/app/manifests/${servedDigest}`]: (response) => {
    response.writeHead(200, { ...CORS, "Content-Type": MANIFEST }).end(served);
  },
  [`/v2/app/manifests/${otherDigest}`]: (response) => {
    response.writeHead(200, { ...CORS, "Content-Type": MANIFEST, "Docker-Content-Digest": servedDigest }).end(served);
  },
  "/index-type": (response) => {
    const headers = { ...CORS, "Content-Type": "application/vnd.oci.image.index.v1+json; charset=utf-8" };
    response.writeHead(200, headers).end(served);
  },
  "/plain": (response) => {
    response.writeHead(200, { ...CORS, "Content-Type": "text/plain" }).end(served);
  },
  "/redirect": (response) => {
    response.writeHead(302, { ...CORS, Location: "/plain" }).end();
  },
  "/without-cors": (response) => {
    response.writeHead(200, { "Content-Type": MANIFEST }).end(served);
  },
  "/endless": (response) => {
    response.writeHead(200, CORS);
    pipeline(Readable.from(spaces()), response).catch(() => {});
  },
  "/silent": () => {},
};

function* spaces() {
  for (;;) yield Buffer.alloc(64 * 1024, " ");
}

/** @returns {Promise<{url: string, requests: {url: string, method: string, headers: object}[], close(): Promise<void>}>} */
export async function startOrigin() {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url, method: request.method, headers: request.headers });
    const answer = answers[request.url] ?? (() => response.writeHead(404, CORS).end("<h1>lost</h1>"));
    answer(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** One request to a registry, and when it was asked and answered. Nothing is repeated behind the caller's back, as `fetch` may. */
import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Milliseconds that an answer may take: more than any of the registry's own limits. */
const TIMEOUT = 90_000;

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/**
 * @typedef {object} Answer
 * @property {number} status 0 where none came, or not all of it.
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {number} start By `performance.now()`.
 * @property {number} end
 *
 * @typedef {object} Init
 * @property {Record<string, string>} [headers]
 * @property {Buffer} [body]
 * @property {boolean} [isChunked] Whether the body's length is not said.
 * @property {number} [pause] Milliseconds between one half of the body and the other.
 */

/**
 * @param {string} method
 * @param {string | URL} url
 * @param {Init} [init]
 * @returns {Promise<Answer>}
 */
export async function ask(method, url, { headers = {}, body, isChunked = false, pause } = {}) {
  const start = performance.now();
  const known = body === undefined || isChunked ? {} : { "content-length": String(body.length) };
  const answered = new Promise((resolve, reject) => {
    const asked = request(url, { method, agent, headers: { ...known, ...headers }, timeout: TIMEOUT }, resolve);
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error("no answer came in time")));
    void send(asked, body, pause);
  });
  try {
    const response = await answered;
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const { statusCode: status, headers: said } = response;
    return { status, headers: said, body: Buffer.concat(chunks), start, end: performance.now() };
  } catch {
    return { status: 0, headers: {}, body: Buffer.alloc(0), start, end: performance.now() };
  }
}

async function send(asked, body, pause) {
  if (body !== undefined && pause !== undefined) {
    asked.write(body.subarray(0, body.length >> 1));
    await wait(pause);
    asked.end(body.subarray(body.length >> 1));
  } else {
    asked.end(body);
  }
}

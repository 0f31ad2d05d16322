/** The front in workerd, as bytes on a socket: what a runtime adds, cuts or completes is seen there alone. */

import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { bundle, workerModules } from "../runtimes/bundle.mjs";
import { startFacts } from "../runtimes/facts.mjs";

const file = await bundle("workerd", new URL("worker.ts", import.meta.url));
const { facts, close } = await startFacts("workerd");
const worker = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  modules: workerModules(file),
  bindings: { UPSTREAM: facts.registry.url },
  compatibilityDate: "2025-01-01",
});
const url = await worker.ready;
afterAll(async () => {
  await worker.dispose();
  await close();
});

const { layer, index, tag } = facts.image;

interface Answer {
  readonly status: number;
  readonly headers: Map<string, string>;
  /** What came after the head, as it was on the wire. */
  readonly body: Buffer;
}

/** Sends one request, and reads the socket until the answer is whole or the other side has cut it. */
async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const lines = Object.entries({ Host: url.host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(url.port), url.hostname);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  let bytes = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = parse(bytes);
      if (answer !== undefined && answer.body.length >= expectedLength(method, answer)) resolve();
    });
    // A reset is one way to cut a body.
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
  });
  socket.destroy();
  const answer = parse(bytes);
  if (answer === undefined) throw new Error("the connection was closed without an answer");
  return answer;
}

/** The answer as far as it has come; undefined until its head has. */
function parse(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [statusLine = "", ...fields] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return { status: Number(statusLine.split(" ")[1]), headers: new Map(pairs), body: bytes.subarray(end + 4) };
}

/** How many bytes follow the head of an answer that is not cut. */
function expectedLength(method: string, { status, headers }: Answer): number {
  if (method === "HEAD" || status === 204 || status === 304) return 0;
  return Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY);
}

test("a manifest has its exact length, type, digest and bytes", async () => {
  for (const reference of [tag, index.digest]) {
    const { status, headers, body } = await ask("GET", `/v2/hello/manifests/${reference}`);
    expect(status).toBe(200);
    expect(headers.get("content-length")).toBe(String(index.size));
    expect(headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
    expect(headers.get("docker-content-digest")).toBe(index.digest);
    expect(headers.get("etag")).toBe(`"${index.digest}"`);
    expect(headers.has("transfer-encoding")).toBe(false);
    expect(body.length).toBe(index.size);
  }
});

test("HEAD has the same headers, and no body", async () => {
  for (const [path, { digest, size }] of [
    [`/v2/hello/manifests/${tag}`, index],
    [`/v2/hello/blobs/${layer.digest}`, layer],
  ] as const) {
    const { status, headers, body } = await ask("HEAD", path);
    expect(status).toBe(200);
    expect(headers.get("content-length")).toBe(String(size));
    expect(headers.get("docker-content-digest")).toBe(digest);
    expect(body.length).toBe(0);
  }
});

test("a blob has its exact length and bytes", async () => {
  const { status, headers, body } = await ask("GET", `/v2/hello/blobs/${layer.digest}`);
  expect(status).toBe(200);
  expect(headers.get("content-length")).toBe(String(layer.size));
  expect(headers.has("transfer-encoding")).toBe(false);
  expect(body.length).toBe(layer.size);
});

test("a range is a part of the blob", async () => {
  const whole = (await ask("GET", `/v2/hello/blobs/${layer.digest}`)).body;
  for (const [range, start, end] of [
    ["bytes=0-0", 0, 0],
    ["bytes=100-1099", 100, 1099],
    ["bytes=-7", layer.size - 7, layer.size - 1],
  ] as const) {
    const { status, headers, body } = await ask("GET", `/v2/hello/blobs/${layer.digest}`, { Range: range });
    expect(status).toBe(206);
    expect(headers.get("content-range")).toBe(`bytes ${start}-${end}/${layer.size}`);
    expect(headers.get("content-length")).toBe(String(end - start + 1));
    expect(body.equals(whole.subarray(start, end + 1))).toBe(true);
  }
  const beyond = await ask("GET", `/v2/hello/blobs/${layer.digest}`, { Range: `bytes=${layer.size}-` });
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${layer.size}`]);
});

test("what the reader has is 304", async () => {
  for (const path of [`manifests/${tag}`, `blobs/${layer.digest}`]) {
    const first = await ask("HEAD", `/v2/hello/${path}`);
    const { status, body } = await ask("GET", `/v2/hello/${path}`, {
      "If-None-Match": first.headers.get("etag") ?? "",
    });
    expect([status, body.length]).toEqual([304, 0]);
  }
});

test.each(["corrupt", "cut", "stall", "no-length"])(
  "a blob from an upstream that is %s never ends in good order unless it is good",
  async (fault) => {
    const { status, headers, body } = await ask("GET", `/v2/faults/${fault}/blobs/${layer.digest}`);
    expect(status).toBe(200);
    expect(headers.get("content-length")).toBe(String(layer.size));
    if (fault === "no-length") expect(body.length).toBe(layer.size);
    else expect(body.length).toBeLessThan(layer.size);
  },
);

test.each([
  ["truncated", 200],
  ["long", 200],
  ["silent", 504],
  ["error-500", 502],
  ["html", 200],
])("a blob from an upstream that is %s is answered with %i, and is never whole", async (fault, expected) => {
  const { status, body } = await ask("GET", `/v2/faults/${fault}/blobs/${layer.digest}`);
  expect(status).toBe(expected);
  expect(body.length).not.toBe(layer.size);
});

test.each(["corrupt", "truncated", "long", "wrong-digest", "wrong-type", "html", "huge"])(
  "a manifest from an upstream that is %s is not served",
  async (fault) => {
    const { status, headers, body } = await ask("GET", `/v2/faults/${fault}/manifests/${tag}`);
    expect(status).toBe(502);
    expect(headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(body.toString()).errors[0].code).toBe("UPSTREAM_INVALID");
  },
);

test("what is not there, not allowed or malformed is said in the specification's words", async () => {
  for (const [method, path, status, code] of [
    ["GET", "/v2/hello/manifests/missing", 404, "MANIFEST_UNKNOWN"],
    ["GET", `/v2/hello/blobs/sha256:${"0".repeat(64)}`, 404, "BLOB_UNKNOWN"],
    ["GET", "/v2/hello/blobs/sha256:x", 400, "DIGEST_INVALID"],
    ["GET", "/v2/HELLO/manifests/1.0", 400, "NAME_INVALID"],
    ["PUT", "/v2/hello/manifests/1.0", 405, "UNSUPPORTED"],
    ["GET", "/v2/faults/rate-limited/manifests/1.0", 429, "TOOMANYREQUESTS"],
    ["GET", "/v2/faults/denied/manifests/1.0", 403, "DENIED"],
  ] as const) {
    const answer = await ask(method, path, method === "PUT" ? { "Content-Length": "0" } : {});
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString()).errors[0].code).toBe(code);
  }
});

test("a page of another origin may ask and read", async () => {
  const preflight = await ask("OPTIONS", `/v2/hello/blobs/${layer.digest}`, {
    Origin: "https://page.test",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "range",
  });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  expect(preflight.headers.get("access-control-allow-headers")).toMatch(/\bRange\b/);
  const read = await ask("GET", `/v2/hello/manifests/${tag}`, { Origin: "https://page.test" });
  expect(read.headers.get("access-control-expose-headers")).toMatch(/\bDocker-Content-Digest\b/);
});

test("headers that no header can be are as if they were not there", async () => {
  // Written as one byte each, as a stranger's client would.
  for (const value of ["\xff\xfe", "日本", "a\tb"]) {
    const { status, body } = await ask("GET", `/v2/hello/manifests/${tag}`, { "X-Odd": value, "If-None-Match": value });
    expect([status, body.length]).toEqual([200, index.size]);
  }
});

test("requests whose clients leave while the upstream is silent are ended by those that follow", async () => {
  const leave = (path: string) => {
    const socket = connect(Number(url.port), url.hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    return new Promise<void>((resolve) => {
      // Less than the front's own timeout, which workerd drops together with the request.
      setTimeout(() => {
        socket.destroy();
        resolve();
      }, 200);
    });
  };
  const pending = async () => Number((await ask("GET", "/pending")).body.toString());
  const silent = ["/v2/faults/silent/manifests/1.0", "/v2/faults/stall/manifests/1.0"];
  await Promise.all(silent.flatMap((path) => [leave(path), leave(path), leave(path)]));
  expect(await pending()).toBe(6);
  await wait(1_200);
  expect((await ask("GET", `/v2/hello/manifests/${tag}`)).status).toBe(200);
  expect(await pending()).toBe(0);
});

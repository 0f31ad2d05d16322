/** `pierhead serve`, read off the socket. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { capture, isInstalled } from "../../../scripts/lib/run.mjs";

const MAIN = join(import.meta.dirname, "..", "..", "..", "dist", "cli", "main.js");

const scratch = await mkdtemp(join(tmpdir(), "pierhead-serve-"));
const running = new Set<ReturnType<typeof spawn>>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function serve(...options: string[]) {
  const child = spawn(process.execPath, [MAIN, "serve", "--port", "0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let [said, printed] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`it ended: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said += text;
      const [, found] = /serving (\S+)\/v2\//.exec(said) ?? [];
      if (found) resolve(found);
    });
  });
  const exited = once(child, "exit");
  return { child, url, port: Number(new URL(url).port), said: () => said, printed: () => printed, exited };
}

/** A connection: what is written to it, and what has come from it. */
async function connection(port: number) {
  const socket: Socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  const until = async (pattern: RegExp) => {
    const deadline = Date.now() + 10_000;
    while (!pattern.test(received)) {
      if (Date.now() > deadline) throw new Error(`${pattern} did not come: ${received}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return received;
  };
  // A server that has answered before all was sent may reset the connection: what it said is what counts.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  return { socket, until, received: () => received, closed };
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

test("a connection serves one request after another, and HEAD has no body", async () => {
  const { port } = await serve("--memory");
  const { socket, until, received } = await connection(port);
  socket.write("HEAD /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(/\r\n\r\n/);
  socket.write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(/\r\n\r\n\{\}$/);
  expect(received().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(received().match(/content-length: 2\r\n/g)).toHaveLength(2);
  socket.destroy();
});

test("whoever asks whether to go on is told to when the body is wanted, and else never", async () => {
  const { port } = await serve("--memory");
  const body = "hello";
  const ask = (digest: string) =>
    `POST /v2/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  const wanted = await connection(port);
  wanted.socket.write(ask(sha256(Buffer.from(body))));
  await wanted.until(/100 Continue/);
  wanted.socket.write(body);
  await wanted.until(/201 Created/);
  const refused = await connection(port);
  refused.socket.write(ask("sha256:none"));
  expect(await refused.until(/\}\]\}$/)).toMatch(/^HTTP\/1\.1 400 /);
  expect(refused.received()).not.toContain("100 Continue");
  await refused.closed;
  wanted.socket.destroy();
});

test.each([
  ["a URL of 64 KiB", `GET /v2/${"a".repeat(65_536)}/tags/list HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
  ["headers of 64 KiB", `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(65_536)}\r\n\r\n`, 431],
  ["headers beyond all measure", `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(300_000)}\r\n\r\n`, 431],
  ["what is no HTTP", "hello\r\n\r\n", 400],
  ["NUL in the path", "GET /v2/a%00/tags/list HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
  ["dots in the path", "GET /v2/../healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 404],
  ["a method that is none", "BREW /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
])("%s is refused with the specification's error body", async (_, text, status) => {
  const { port } = await serve("--memory");
  const { socket, until } = await connection(port);
  socket.write(text);
  const answer = await until(/\{"errors":\[\{"code":"[A-Z_]+".*\}$/);
  expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  socket.destroy();
});

test("a response arrives that was made before all of the request had come", async () => {
  const { port } = await serve("--memory");
  const { socket, until, closed } = await connection(port);
  socket.write("PUT /v2/A/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
  socket.write("x".repeat(1000));
  expect(await until(/\}\]\}$/)).toMatch(/^HTTP\/1\.1 400 [\s\S]*connection: close/i);
  await closed;
});

test("an upload whose client leaves goes on from where it was", async () => {
  const { port, url } = await serve("--memory");
  const { headers } = await fetch(`${url}/v2/a/blobs/uploads/`, { method: "POST" });
  const location = headers.get("location") as string;
  const { socket, closed } = await connection(port);
  socket.write(
    `PATCH ${location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(100_000)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await closed;
  const chunk = { method: "PATCH", body: "whole", headers: { "content-range": "0-4" } };
  await expect.poll(async () => (await fetch(new URL(location, url), chunk)).status, { timeout: 3_000 }).toBe(202);
});

test("it ends when it is told to, once the requests that run have ended", async () => {
  const { child, port, exited } = await serve("--memory");
  const { socket, until } = await connection(port);
  const bytes = Buffer.from("slowly");
  socket.write(
    `POST /v2/a/blobs/uploads/?digest=${sha256(bytes)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nslo`,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 700));
  await expect(connection(port)).rejects.toThrow();
  socket.write("wly");
  await until(/HTTP\/1\.1 201 Created[\s\S]*connection: close/i);
  expect(await exited).toEqual([0, null]);
});

test("what a folder keeps is there when it is served again, and not for those who may only read to change", async () => {
  const store = join(scratch, "store");
  const bytes = new Uint8Array(randomBytes(700_000));
  const digest = sha256(bytes);
  const first = await serve("--store", store);
  const post = { method: "POST", body: bytes };
  expect((await fetch(`${first.url}/v2/a/blobs/uploads/?digest=${digest}`, post)).status).toBe(201);
  first.child.kill("SIGINT");
  expect(await first.exited).toEqual([0, null]);
  const { url } = await serve("--store", store, "--read-only");
  const whole = await fetch(`${url}/v2/a/blobs/${digest}`);
  expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
  const part = await fetch(`${url}/v2/a/blobs/${digest}`, { headers: { range: "bytes=600000-" } });
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(600_000));
  const refused = await fetch(`${url}/v2/a/blobs/${digest}`, { method: "DELETE" });
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
});

test("it says how it is, counts what it does, and prints each request where it is told to", async () => {
  const { url, printed } = await serve("--memory", "--log");
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
  await (await fetch(`${url}/v2/a/tags/list`)).text();
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await metrics.text()).toContain('{operation="tags",method="GET",status="404",outcome="refused"} 1\n');
  await expect.poll(printed).toMatch(/^\{"operation":"tags","method":"GET","repository":"a","status":404,.*\}\n$/);
});

test.runIf(isInstalled("openssl"))("it serves HTTPS by a certificate", async () => {
  const [cert, key] = [join(scratch, "cert.pem"), join(scratch, "key.pem")];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  await capture("openssl", [...made, ...names, "-keyout", key, "-out", cert]);
  const { url } = await serve("--memory", "--tls-cert", cert, "--tls-key", key);
  const ca = await readFile(cert);
  const status = await new Promise((resolve, reject) => {
    request(`${url}/v2/`, { ca }, (response) => resolve(response.resume().statusCode))
      .on("error", reject)
      .end();
  });
  expect([new URL(url).protocol, status]).toEqual(["https:", 200]);
});

test("memory takes as much as it is given, and no more", async () => {
  const { url } = await serve("--memory", "--memory-limit", "1");
  const put = async (bytes: Uint8Array<ArrayBuffer>) => {
    const post = { method: "POST", body: bytes };
    return (await fetch(`${url}/v2/a/blobs/uploads/?digest=${sha256(bytes)}`, post)).status;
  };
  expect(await put(new Uint8Array(randomBytes(900_000)))).toBe(201);
  expect(await put(new Uint8Array(randomBytes(900_000)))).toBe(503);
  expect(await put(new Uint8Array(randomBytes(90_000)))).toBe(201);
});

test("there are as many connections as were allowed, and one that is idle makes way", async () => {
  const { port } = await serve("--memory", "--max-connections", "2");
  const idle = await connection(port);
  idle.socket.write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await idle.until(/\{\}$/);
  const busy = await connection(port);
  busy.socket.write("GET /v2/ HTTP/1.1\r\n");
  const turnedAway = await connection(port);
  await turnedAway.closed;
  expect(turnedAway.received()).toBe("");
  await idle.closed;
  const next = await connection(port);
  next.socket.write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await next.until(/\{\}$/);
  busy.socket.write("Host: localhost\r\n\r\n");
  await busy.until(/\{\}$/);
});

test.each([
  [[], "name a folder with --store, or give --memory"],
  [["--memory", "--tls-cert", "x"], "--tls-cert and --tls-key are given together"],
  [["--memory", "--port", "70000"], "0 to 65535"],
  [["--memory", "--max-connections", "0"], "more than 0"],
  [["--store", "x", "--memory-limit", "1"], "cannot be used with"],
])("it does not start by arguments that do not go together: %j", async (options, message) => {
  const { code, output } = await capture(process.execPath, [MAIN, "serve", ...options]);
  expect([code, output.includes(message)]).toEqual([2, true]);
});

test("on this machine it answers to names of this machine, and to those that it was given", async () => {
  const { port } = await serve("--memory", "--allow-host", "Registry.example");
  const status = async (host: string) => {
    const { socket, until } = await connection(port);
    socket.write(`GET /v2/_catalog HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const received = await until(/\r\n\r\n/);
    socket.destroy();
    return Number(received.slice(9, 12));
  };
  for (const host of ["localhost", `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "registry.example:80"]) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
  for (const host of [`rebound.example:${port}`, "localhost.example", "127.0.0.1.example", "[::1].example", ""]) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
});

test("on this machine no page reads or writes that is not let in", async () => {
  const origin = "https://page.example";
  const asked = async (url: string, method: string, path: string) => {
    const response = await fetch(`${url}${path}`, { method, headers: { origin } });
    return [response.status, response.headers.get("access-control-allow-origin")];
  };
  const { url } = await serve("--memory");
  expect(await asked(url, "GET", "/v2/_catalog")).toEqual([200, null]);
  expect(await asked(url, "POST", "/v2/a/blobs/uploads/")).toEqual([403, null]);
  const open = await serve("--memory", "--cors", origin);
  expect(await asked(open.url, "GET", "/v2/_catalog")).toEqual([200, origin]);
  expect(await asked(open.url, "POST", "/v2/a/blobs/uploads/")).toEqual([202, origin]);
});

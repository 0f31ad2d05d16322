/** What clients may take of `pierhead serve` in time, read off the socket. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { memory, type Serving, serve } from "../../../dist/cli/serve/serve.js";

let serving: Serving | undefined;
afterEach(() => serving?.close(0));

/** A server of these limits; gives what comes on a connection to which `text` is written, until it ends, and after how many milliseconds. */
async function asking(limits: NonNullable<Parameters<typeof serve>[1]["limits"]>, manifestMemory?: number) {
  const errors: unknown[] = [];
  const options = { store: memory(), onError: (error: unknown) => errors.push(error), manifestMemory };
  serving = await serve(options, { host: "127.0.0.1", port: 0, limits });
  const { port } = new URL(serving.url);
  const ask = async (text: string) => {
    const begun = performance.now();
    const socket = connect(Number(port), "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (more) => {
      received += more;
    });
    socket.write(text);
    await once(socket, "close");
    return { received, took: performance.now() - begun };
  };
  return { ask, errors };
}

const HOST = "Host: localhost\r\n";
const LENGTH = "Content-Length: 100\r\n";

test.each([
  ["a blob", `POST /v2/a/blobs/uploads/?digest=sha256:${"0".repeat(64)} HTTP/1.1\r\n${HOST}${LENGTH}\r\n`],
  ["a chunk of no known size", "CHUNKED"],
  ["a manifest", `PUT /v2/a/manifests/x HTTP/1.1\r\n${HOST}Content-Type: x/y\r\n${LENGTH}\r\n`],
])("a body that falls silent is answered 408, and nothing is kept waiting: %s", async (_, given) => {
  const { ask, errors } = await asking({ bodyTimeout: 300 });
  let text = `${given}0123456789`;
  if (given === "CHUNKED") {
    const begun = await ask(`POST /v2/a/blobs/uploads/ HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    const [, location] = /^location: ?(\S+)/im.exec(begun.received) ?? [];
    text = `PATCH ${location} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n`;
  }
  const { received, took } = await ask(text);
  expect(received).toMatch(/^HTTP\/1\.1 408 [\s\S]*connection: close[\s\S]*\{"errors":\[\{"code":"SIZE_INVALID"/i);
  expect(took).toBeGreaterThanOrEqual(300);
  // The rest of the request is read on for two seconds.
  expect(took).toBeLessThan(5_000);
  expect(errors).toEqual([]);
});

test("a body that goes on, however slowly, is not given up", async () => {
  const { ask } = await asking({ bodyTimeout: 400 });
  const begun = await ask(`POST /v2/a/blobs/uploads/ HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  const [, location] = /^location: ?(\S+)/im.exec(begun.received) ?? [];
  const socket = connect(Number(new URL((serving as Serving).url).port), "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (more) => {
    received += more;
  });
  socket.write(`PATCH ${location} HTTP/1.1\r\n${HOST}Content-Length: 8\r\n\r\n`);
  for (let sent = 0; sent < 8; sent += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.write("x");
  }
  await expect.poll(() => received).toMatch(/^HTTP\/1\.1 202 /);
  socket.destroy();
});

test.each([
  ["a connection on which nothing comes", ""],
  ["headers that do not end", "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n"],
])("%s is closed as soon as its time is over", async (_, text) => {
  const { ask } = await asking({ headersTimeout: 500 });
  const { received, took } = await ask(text);
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
  expect(took).toBeGreaterThanOrEqual(500);
  expect(took).toBeLessThan(5_000);
});

test("manifests that are on their way take no more memory than they may, and others come when those are over", async () => {
  const mib = 1024 * 1024;
  const { ask } = await asking({}, 8 * mib);
  const { port } = new URL((serving as Serving).url);
  const put = (path: string, size: number) =>
    `PUT ${path} HTTP/1.1\r\n${HOST}Content-Type: application/vnd.oci.image.index.v1+json\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`;
  const small = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
  const whole = (size: number) => put("/v2/a/manifests/x?tag=y", size) + small.padEnd(size);
  // All of them has come but for the last byte.
  const sockets = [0, 1].map((at) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("data", () => {});
    socket.write(put(`/v2/a/manifests/${at}`, 4 * mib) + " ".repeat(4 * mib - 1));
    return socket;
  });
  const large = whole(mib);
  await expect.poll(async () => (await ask(large)).received).toMatch(/^HTTP\/1\.1 429 [\s\S]*retry-after: ?1\r\n/i);
  expect((await ask(whole(small.length))).received).toMatch(/^HTTP\/1\.1 201 /);
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await ask(large)).received, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 201 /);
  expect((await ask(put("/v2/a/manifests/x", 9 * mib))).received).toMatch(/^HTTP\/1\.1 413 /);
});

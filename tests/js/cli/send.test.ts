/** Bodies of the front on their way through Node's server, read off the socket. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { exchange } from "../../../js/cli/serve/exchange.ts";
import { send } from "../../../js/cli/serve/send.ts";
import { HostBody } from "../../../js/core/host.ts";
import type { Answered, Asked } from "../../../js/front/handler.ts";
import { PartsBody } from "../../../js/front/parts-body.ts";
import { type Backing, backed, backingOf } from "../../../js/stores/backing.ts";
import { fs } from "../../../js/stores/fs.ts";
import { memory } from "../../../js/stores/memory.ts";
import type { StoredObject } from "../../../js/stores/object-store.ts";

const MIB = 1024 * 1024;

const scratch = await mkdtemp(join(tmpdir(), "pierhead-send-"));
afterAll(() => rm(scratch, { recursive: true, force: true }));

const servers = new Set<ReturnType<typeof createServer>>();
/** Files that were opened to be sent. */
const opened = new Set<FileHandle>();
afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers) server.close().closeAllConnections();
  servers.clear();
  for (const handle of opened) await handle.close().catch(() => {});
  opened.clear();
});

/** What gives an object. */
type Source = () => Promise<StoredObject>;

/** A server whose responses have the body that is made for their path, and are said to be of so many bytes. */
async function serving(size: number, made: (path: string) => Promise<HostBody>) {
  const ended: { bytes: number; reason?: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const answered = {
      status: 200,
      headers: `content-length:${size}\n`,
      body: await made(request.url ?? ""),
      ended: (bytes: number, failure?: { reason: unknown }) => ended.push({ bytes, ...failure }),
    };
    await send(answered, response).catch(() => response.destroy());
  });
  servers.add(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { port: (server.address() as AddressInfo).port, ended };
}

async function inParts(first: Source, ...others: Source[]): Promise<HostBody> {
  return new PartsBody(await first(), (next: Source) => next(), others);
}

/** What comes on a connection until it ends: the body, and whether it is as long as was said. `pause` is called when the first bytes came. */
async function received(port: number, path = "/", pause?: (resume: () => void) => void) {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    if (chunks.push(chunk) > 1 || pause === undefined) return;
    socket.pause();
    pause(() => socket.resume());
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await once(socket, "close");
  const all = Buffer.concat(chunks);
  const begin = all.indexOf("\r\n\r\n") + 4;
  const [, length] = /content-length: ?(\d+)/i.exec(all.toString("latin1", 0, begin)) ?? [];
  const body = all.subarray(begin);
  return { body, isWhole: body.byteLength === Number(length) };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const random = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

function object(body: ReadableStream<Uint8Array>, backing?: Backing): StoredObject {
  return { info: { size: 0, version: "", modified: 0 }, body: backing ? backed(body, backing) : body };
}

/** A body that nobody may read. */
function unreadable(): ReadableStream<Uint8Array> {
  const pull = () => {
    throw new Error("the stream was read");
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** A file's bytes from `start` on, as an object. */
async function inFile(bytes: Uint8Array, start = 0): Promise<{ path: string; source: Source }> {
  const path = join(scratch, randomBytes(8).toString("hex"));
  await writeFile(path, bytes);
  const source = async () => {
    const handle = await open(path);
    opened.add(handle);
    return object(unreadable(), { handle, start, end: bytes.byteLength });
  };
  return { path, source };
}

const KINDS: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Promise<Source>> = {
  files: async (bytes) => (await inFile(bytes, 3)).source,
  memory: async (bytes) => async () => object(unreadable(), { bytes: bytes.subarray(3) }),
  streams: async (bytes) => async () => object(new Blob([bytes.slice(3)]).stream()),
};

const areClosed = () => [...opened].every(({ fd }) => fd === -1);

test.each(Object.keys(KINDS))("a body that lies in several %s arrives whole", async (kind) => {
  const parts = [2 * MIB + 1, 5, 700_000].map((size) => random(size));
  const whole = Buffer.concat(parts.map((part) => part.subarray(3)));
  const [first, ...others] = await Promise.all(
    parts.map(KINDS[kind] as (bytes: Uint8Array<ArrayBuffer>) => Promise<Source>),
  );
  const { port, ended } = await serving(whole.byteLength, () => inParts(first as Source, ...others));
  const { body, isWhole } = await received(port);
  expect([isWhole, sha256(body)]).toEqual([true, sha256(whole)]);
  expect(ended).toEqual([{ bytes: whole.byteLength }]);
  expect([opened.size, areClosed()]).toEqual([kind === "files" ? 3 : 0, true]);
});

test("clients that read at their own pace all get their own bytes, though buffers are used again", async () => {
  const files = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const bytes = random(6 * MIB);
      return { digest: sha256(bytes), ...(await inFile(bytes)) };
    }),
  );
  const { port } = await serving(6 * MIB, async (path) =>
    inParts((files[Number(path.slice(1))] as { source: Source }).source),
  );
  for (let round = 0; round < 2; round += 1) {
    const resumes: (() => void)[] = [];
    const slow = files.slice(0, 6).map((_, at) => received(port, `/${at}`, (resume) => resumes.push(resume)));
    await expect.poll(() => resumes.length).toBe(6);
    const quick = await Promise.all(files.slice(6).map((_, at) => received(port, `/${at + 6}`)));
    for (const resume of resumes) resume();
    const all = [...(await Promise.all(slow)), ...quick].map(({ body }) => sha256(body));
    expect(all).toEqual(files.map(({ digest }) => digest));
  }
});

test("many clients that read nothing take little memory, and then get all", { timeout: 30_000 }, async () => {
  const bytes = random(8 * MIB);
  const { source } = await inFile(bytes);
  const { port } = await serving(8 * MIB, () => inParts(source));
  const allocated = vi.spyOn(Buffer, "allocUnsafeSlow");
  const resumes: (() => void)[] = [];
  const clients = Array.from({ length: 60 }, () => received(port, "/", (resume) => resumes.push(resume)));
  await expect.poll(() => resumes.length, { timeout: 20_000 }).toBe(60);
  const held = allocated.mock.calls.reduce((sum, [size]) => sum + size, 0);
  // Two of 512 KiB for each of 32, and of 64 KiB for the others.
  expect(held).toBeLessThanOrEqual(32 * 2 * 512 * 1024 + 28 * 2 * 64 * 1024);
  for (const resume of resumes) resume();
  const bodies = await Promise.all(clients);
  expect(new Set(bodies.map(({ body }) => sha256(body)))).toEqual(new Set([sha256(bytes)]));
  allocated.mockClear();
  await received(port);
  expect(allocated.mock.calls).toEqual([]);
});

const CUTS: Record<string, () => Promise<HostBody>> = {
  "a file that is shorter than it was": async () => {
    const { path, source } = await inFile(random(3 * MIB));
    const found = await source();
    await truncate(path, 2 * MIB);
    return await inParts(async () => found);
  },
  "a part that is gone": async () =>
    await inParts((await inFile(random(2 * MIB))).source, () => Promise.reject(new Error("gone"))),
  "a stream that fails": async () => {
    let pieces = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      pieces += 1;
      if (pieces > 2) throw new Error("failed");
      controller.enqueue(random(MIB));
    };
    return new HostBody(new ReadableStream({ pull }), {}, undefined);
  },
  "a body that ends early": async () => await inParts((await inFile(random(2 * MIB))).source),
};

test.each(Object.keys(CUTS))("the connection is cut behind what was sent: %s", async (name) => {
  const { port, ended } = await serving(3 * MIB, CUTS[name] as () => Promise<HostBody>);
  const { body, isWhole } = await received(port);
  expect([isWhole, body.byteLength <= 2 * MIB]).toEqual([false, true]);
  expect(ended).toEqual([{ bytes: expect.any(Number), reason: expect.any(Error) }]);
  expect(ended[0]?.bytes).toBeLessThanOrEqual(2 * MIB);
  await expect.poll(areClosed).toBe(true);
});

test.each([
  ["a control character in a value", "x-a:b\u0001c"],
  ["a character beyond U+00FF", "x-a:\u20ac"],
  ["no token for a name", "x a:b"],
])("a response whose headers cannot be sent becomes a 500, and the connection goes on: %s", async (_, line) => {
  const ended: unknown[] = [];
  const cancelled: unknown[] = [];
  const cancel = (reason: unknown) => {
    cancelled.push(reason);
  };
  const handle = async ({ method }: Asked): Promise<Answered> => ({
    status: 200,
    headers: `content-length:${MIB}\n${line}\n`,
    body: method === "HEAD" ? undefined : new HostBody(new ReadableStream({ cancel }), {}, undefined),
    ended: (bytes, failure) => ended.push([bytes, failure]),
  });
  const onError = vi.fn();
  const server = createServer((request, response) =>
    exchange(handle, request, response, { bodyTimeout: 1000, onError }),
  );
  servers.add(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  const last = "Connection: close\r\n";
  for (const [method, more] of [
    ["GET", ""],
    ["HEAD", ""],
    ["GET", last],
  ]) {
    socket.write(`${method} / HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
  }
  await once(socket, "close");
  const body = '{"errors":[{"code":"UNKNOWN","message":"the front failed"}]}';
  const heads = received.split(body).join("").split("\r\n\r\n").slice(0, -1);
  expect(heads.map((head) => head.split("\r\n", 1)[0])).toEqual(Array(3).fill("HTTP/1.1 500 Internal Server Error"));
  expect(received.split(body)).toHaveLength(3);
  expect(received).not.toContain("x-a");
  const failed = { reason: expect.any(TypeError), status: 500 };
  expect(ended).toEqual([body.length, 0, body.length].map((sent) => [sent, failed]));
  expect(onError.mock.calls).toEqual(Array(3).fill([expect.any(TypeError)]));
  expect(cancelled).toEqual(Array(2).fill(expect.any(TypeError)));
});

test("no byte is sent beyond what was said, which would be read as the next response", async () => {
  const { source } = await inFile(random(3 * MIB));
  const { port, ended } = await serving(3 * MIB - 1, () => inParts(source));
  const { body, isWhole } = await received(port);
  expect([isWhole, body.byteLength < 3 * MIB]).toEqual([false, true]);
  expect(ended).toEqual([{ bytes: expect.any(Number), reason: expect.any(RangeError) }]);
});

test("when the client leaves, what was sent until then is told, and all files are closed", async () => {
  const [first, second] = [await inFile(random(32 * MIB)), await inFile(random(MIB))];
  const { port, ended } = await serving(33 * MIB, () => inParts(first.source, second.source));
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
  socket.destroy();
  await expect.poll(() => ended).toMatchObject([{ reason: { code: "ABORTED" } }]);
  expect(ended[0]?.bytes).toBeLessThan(32 * MIB);
  expect(opened.size).toBe(2);
  await expect.poll(areClosed).toBe(true);
});

test.each([
  ["a folder", () => fs(join(scratch, "store"))],
  ["memory", () => memory()],
])("a body of a store in %s says what it is read from, until somebody reads it", async (_, made) => {
  const store = made();
  await store.put("key", new Uint8Array([1, 2, 3, 4]));
  const found = (await store.get("key", { range: { start: 1, end: 2 } })) as StoredObject;
  const backing = backingOf(found.body) as Backing;
  if ("bytes" in backing) {
    expect([...backing.bytes]).toEqual([2, 3]);
  } else {
    const { handle, start, end } = backing;
    const { buffer, bytesRead } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
    expect([bytesRead, ...buffer]).toEqual([2, 2, 3]);
    opened.add(handle);
  }
  // Whoever reads it already may have read a part.
  found.body.getReader();
  expect(backingOf(found.body)).toBeUndefined();
});

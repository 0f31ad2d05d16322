/** The `fetch` of the command line, over Node's own HTTP: bodies both ways, and every way in which they do not come to their end. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { httpFetch as fetched } from "../../../dist/cli/http-fetch.js";

/** The response as `fetch` would give it. */
async function httpFetch(...asked: Parameters<typeof fetched>): Promise<Response> {
  const { body, status, statusText, headers } = await fetched(...asked);
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, {
    status,
    statusText,
    headers: [...headers],
  });
}

const MIB = 1024 * 1024;

const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Server {
  readonly url: string;
  /** Each connection that was made. */
  readonly sockets: Socket[];
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  servers.push(server);
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

/** Answers once all has come, with what has: so many bytes, and how they were announced. */
const counting = async (request: IncomingMessage, response: ServerResponse) => {
  let bytes = 0;
  try {
    for await (const chunk of request) bytes += (chunk as Buffer).byteLength;
  } catch {
    return;
  }
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  response.end(JSON.stringify({ bytes, length, encoding }));
};

/** A stream of so many pieces of a mebibyte, which counts what is asked of it. */
function pieces(count: number, { pause = 0 } = {}): { stream: ReadableStream<Uint8Array>; seen: Seen } {
  const seen: Seen = { pulled: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (seen.pulled === count) return controller.close();
        seen.pulled += 1;
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        controller.enqueue(new Uint8Array(MIB));
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

interface Seen {
  pulled: number;
  cancelled: boolean;
}

function put(url: string, body: RequestInit["body"], init: RequestInit = {}): Promise<Response> {
  return httpFetch(url, { method: "PUT", body: body ?? null, ...init });
}

function sized(bytes: number): RequestInit {
  return { headers: { "Content-Length": String(bytes) } };
}

/** Sends without end until nobody takes more for a while; tells how much that was. */
function endless(response: ServerResponse): { sent(): number } {
  let sent = 0;
  const more = () => {
    while (!response.destroyed) {
      sent += MIB;
      if (!response.write(new Uint8Array(MIB))) return void response.once("drain", more);
    }
  };
  more();
  return { sent: () => sent };
}

describe("a body that is sent", () => {
  test.each([
    ["bytes", new Uint8Array(3 * MIB), {}, { bytes: 3 * MIB, length: String(3 * MIB) }],
    ["a text", "text", {}, { bytes: 4, length: "4" }],
    ["none", undefined, {}, { bytes: 0, length: "0" }],
    ["a stream of known length", pieces(3).stream, sized(3 * MIB), { bytes: 3 * MIB, length: String(3 * MIB) }],
    ["a slow stream", pieces(3, { pause: 100 }).stream, sized(3 * MIB), { bytes: 3 * MIB, length: String(3 * MIB) }],
    ["a stream of unknown length", pieces(3).stream, {}, { bytes: 3 * MIB, encoding: "chunked" }],
  ])("arrives whole, and announced as it is: %s", async (_, body, init, expected) => {
    const { url } = await serve(counting);
    expect(await (await put(url, body, init)).json()).toEqual(expected);
  });

  test("is read no faster than it is taken", async () => {
    let goOn = () => {};
    const { url } = await serve((request, response) => {
      goOn = () => void counting(request, response);
    });
    const { stream, seen } = pieces(64);
    const answer = put(url, stream, sized(64 * MIB));
    await expect.poll(() => seen.pulled).toBeGreaterThan(0);
    await expect.poll(() => settled(() => seen.pulled), { timeout: 5000 }).toBe(true);
    // What the kernel takes on the way is not ours to bound.
    expect(seen.pulled).toBeLessThan(32);
    goOn();
    expect(await (await answer).json()).toMatchObject({ bytes: 64 * MIB });
  });

  test.each([
    ["fewer", 2],
    ["more", 4],
  ])("fails where it has %s bytes than it says", async (_, count) => {
    const { url } = await serve(counting);
    await expect(put(url, pieces(count).stream, sized(3 * MIB))).rejects.toThrow(`does not have ${3 * MIB} bytes`);
  });

  test("fails with what its stream fails with, and is not taken for whole", async () => {
    let whole = false;
    let closed = false;
    const { url } = await serve((request) => {
      request.on("end", () => {
        whole = true;
      });
      request.on("error", () => {});
      request.on("close", () => {
        closed = true;
      });
      request.resume();
    });
    const reason = new Error("no more");
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(MIB));
        controller.error(reason);
      },
    });
    await expect(put(url, broken, sized(3 * MIB))).rejects.toBe(reason);
    await expect.poll(() => closed).toBe(true);
    expect(whole).toBe(false);
  });

  test("is given up where the answer comes before its end, with the connection", async () => {
    const server = await serve((_, response) => {
      response.writeHead(413, { "Content-Length": "5" }).end("large");
    });
    const { stream, seen } = pieces(64, { pause: 5 });
    const response = await put(server.url, stream, sized(64 * MIB));
    expect([response.status, await response.text()]).toEqual([413, "large"]);
    await expect.poll(() => seen.cancelled).toBe(true);
    expect(seen.pulled).toBeLessThan(64);
    expect((await httpFetch(server.url)).status).toBe(413);
    expect(server.sockets).toHaveLength(2);
  });

  test("of another kind is refused", async () => {
    const { url } = await serve(counting);
    await expect(put(url, new FormData())).rejects.toThrow(TypeError);
  });
});

describe("a body that comes", () => {
  test("is read no faster than it is asked for", async () => {
    let sending = { sent: () => 0 };
    const { url } = await serve((_, response) => {
      sending = endless(response);
    });
    const response = await httpFetch(url);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await expect.poll(() => settled(sending.sent), { timeout: 5000 }).toBe(true);
    expect(sending.sent()).toBeLessThan(32 * MIB);
    await reader.cancel();
  });

  test("that is given up ends its connection", async () => {
    const server = await serve((_, response) => void endless(response));
    const response = await httpFetch(server.url);
    await response.body?.cancel();
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
  });

  test.each([
    ["within its length", { "Content-Length": "10" }],
    ["within a chunk", {}],
  ])("and is cut %s fails", async (_, headers) => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, headers);
      response.write("12345", () => setTimeout(() => response.destroy(), 50));
    });
    const response = await httpFetch(url);
    await expect(response.text()).rejects.toThrow();
  });

  test("is decoded, as fetch does", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("text"));
    });
    expect(await (await httpFetch(url)).text()).toBe("text");
  });

  test("fails where it cannot be decoded", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end("text");
    });
    await expect((await httpFetch(url)).text()).rejects.toThrow();
  });

  test.each([204, 205, 304])("there is none of status %i, and of HEAD", async (status) => {
    const { url } = await serve((_, response) => void response.writeHead(status).end());
    const response = await httpFetch(url);
    expect([response.status, response.body]).toEqual([status, null]);
    expect((await httpFetch(url, { method: "HEAD" })).body).toBeNull();
  });
});

describe("a request", () => {
  test("uses the connection of one that has ended", async () => {
    const server = await serve((_, response) => void response.writeHead(200, { "Content-Length": "4" }).end("text"));
    for (let count = 0; count < 3; count += 1) expect(await (await httpFetch(server.url)).text()).toBe("text");
    expect((await httpFetch(server.url, { method: "HEAD" })).status).toBe(200);
    expect(await (await httpFetch(server.url)).text()).toBe("text");
    expect(server.sockets).toHaveLength(1);
  });

  test("is not led elsewhere", async () => {
    const { url } = await serve((_, response) => void response.writeHead(307, { Location: "/elsewhere" }).end());
    const response = await httpFetch(url, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([307, "/elsewhere"]);
  });

  test("says who asks, and takes the headers that it is given", async () => {
    const { url } = await serve((request, response) => void response.end(JSON.stringify(request.headers)));
    const headers = await (await httpFetch(url, { headers: { Accept: "text/plain", "X-Own": "1" } })).json();
    expect(headers).toMatchObject({ accept: "text/plain", "x-own": "1" });
    expect(headers["user-agent"]).toMatch(/^pierhead\/\d/);
  });

  test("keeps every header of the response, those that come twice too", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, [
        ["Link", "<a>"],
        ["Link", "<b>"],
      ] as never);
      response.end();
    });
    expect((await httpFetch(url)).headers.get("link")).toBe("<a>, <b>");
  });

  test("rejects with the system's own error where nobody answers", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await expect(httpFetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("rejects where the connection ends without an answer", async () => {
    const { url } = await serve((request) => void request.socket.destroy());
    await expect(httpFetch(url)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("goes to HTTP alone", async () => {
    await expect(httpFetch("ftp://127.0.0.1/")).rejects.toThrow(TypeError);
  });
});

describe("a signal", () => {
  const reason = new Error("enough");

  test("that has fired keeps the request from being sent", async () => {
    const server = await serve(counting);
    await expect(httpFetch(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.sockets).toHaveLength(0);
  });

  test("ends the wait for the head", async () => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const answer = httpFetch(server.url, { signal: controller.signal });
    await expect.poll(() => server.sockets.length).toBe(1);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
  });

  test("ends an upload, and the reading of what was to be sent", async () => {
    const { url } = await serve((request) => void request.on("error", () => {}));
    const controller = new AbortController();
    const { stream, seen } = pieces(64);
    const answer = put(url, stream, { ...sized(64 * MIB), signal: controller.signal });
    await expect.poll(() => seen.pulled).toBeGreaterThan(0);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await expect.poll(() => seen.cancelled).toBe(true);
  });

  test("ends a body that comes", async () => {
    const server = await serve((_, response) => void response.writeHead(200).write("text"));
    const controller = new AbortController();
    const response = await httpFetch(server.url, { signal: controller.signal });
    const text = response.text();
    controller.abort(reason);
    await expect(text).rejects.toBe(reason);
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
  });
});

/** Whether a figure stays as it is for a while. */
async function settled(figure: () => number): Promise<boolean> {
  const before = figure();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return before === figure();
}

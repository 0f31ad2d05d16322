/** Large bodies, which the command line reads past Node's HTTP: sent by the byte, over sockets, by servers that end them in every way. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { httpFetch } from "../../../dist/cli/http-fetch.js";
import { isInstalled } from "../../../scripts/lib/run.mjs";
import { scratch } from "./run.ts";

const MIB = 1024 * 1024;
const body = Uint8Array.from({ length: 3 * MIB + 17 }, (_, index) => (index * 7 + (index >> 9)) & 255);

const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
});

interface Server {
  readonly url: string;
  /** Each connection that was made. */
  readonly sockets: Socket[];
}

/** Answers each request as told, by what it writes to the socket. */
async function serve(answer: (socket: Socket, request: string) => void): Promise<Server> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let came = "";
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      came += bytes.toString("latin1");
      for (let end = came.indexOf("\r\n\r\n"); end >= 0; end = came.indexOf("\r\n\r\n")) {
        answer(socket, came.slice(0, end));
        came = came.slice(end + 4);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

function head(...fields: string[]): string {
  return `${["HTTP/1.1 200 OK", ...fields].join("\r\n")}\r\n\r\n`;
}

const sized = head(`Content-Length: ${body.length}`);

type Body = ReadableStream<Uint8Array>;

async function bodyOf(url: string, init?: RequestInit): Promise<Body> {
  return (await httpFetch(url, init)).body as Body;
}

async function bytesOf(stream: Body): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What came until the stream failed, and what it failed with. */
async function untilFailure(stream: Body): Promise<{ bytes: number; error: Error }> {
  const reader = stream.getReader();
  let bytes = 0;
  for (;;) {
    try {
      const { done, value } = await reader.read();
      if (done) throw new RangeError("it came to its end");
      bytes += value.byteLength;
    } catch (error) {
      return { bytes, error: error as Error };
    }
  }
}

function expectBody(bytes: Buffer): void {
  expect(bytes.equals(body)).toBe(true);
}

/** Writes parts one after the other, in packets of their own as far as this side can say. */
async function writeApart(socket: Socket, parts: readonly (string | Uint8Array)[], pause = 20): Promise<void> {
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

describe("a large body comes byte by byte", () => {
  test.each<[string, (string | Uint8Array)[]]>([
    ["with its head", [Buffer.concat([Buffer.from(sized), body])]],
    ["behind its head", [sized, body]],
    ["from a head in parts", [sized.slice(0, 20), sized.slice(20, -1), sized.slice(-1), body]],
    ["with a byte of it behind the head", [Buffer.concat([Buffer.from(sized), body.subarray(0, 1)]), body.subarray(1)]],
    ["but for its last byte", [sized, body.subarray(0, -1), body.subarray(-1)]],
    ["after an interim response", ["HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n", sized, body]],
    ["whole pieces of it", [head(`Content-Length: ${2 * MIB}`), body.subarray(0, 2 * MIB)]],
  ])("%s", async (_, parts) => {
    const { url } = await serve((socket) => void writeApart(socket, parts));
    const bytes = await bytesOf(await bodyOf(url));
    expect(bytes.equals(body.subarray(0, bytes.length))).toBe(true);
    expect([body.length, 2 * MIB]).toContain(bytes.length);
  });

  test.each([
    ["in chunks", head("Transfer-Encoding: chunked"), [`${body.length.toString(16)}\r\n`, body, "\r\n0\r\n\r\n"]],
    ["to the end of the connection", head("Connection: close"), [body, undefined]],
    ["encoded", "", []],
  ])("where Node has to see it: %s", async (_, start, parts) => {
    const encoded = gzipSync(body, { level: 0 });
    const { url } = await serve((socket) => {
      socket.write(start || head("Content-Encoding: gzip", `Content-Length: ${encoded.length}`));
      for (const part of start ? parts : [encoded]) part === undefined ? socket.end() : socket.write(part);
    });
    expectBody(await bytesOf(await bodyOf(url)));
  });

  test("of the status and with the fields that it has", async () => {
    const { url } = await serve((socket) => {
      socket.write(`HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-${body.length + 4}/*\r\nX-Own: 1\r\n`);
      socket.write(`Content-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const { status, statusText, headers, body: stream } = await httpFetch(url, { headers: { Range: "bytes=5-" } });
    expect([status, statusText, headers.get("x-own")]).toEqual([206, "Partial Content", "1"]);
    expectBody(await bytesOf(stream as Body));
  });

  test("though its reader takes its time", async () => {
    const { url } = await serve((socket) => {
      socket.write(sized);
      socket.write(body);
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of await bodyOf(url)) {
      chunks.push(chunk);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expectBody(Buffer.concat(chunks));
  });

  test("in memory that nothing writes to once it is handed on", async () => {
    const { url } = await serve(
      (socket) => void writeApart(socket, [sized, body.subarray(0, 700_000), body.subarray(700_000)], 400),
    );
    // Held until all have come, they are as they were.
    const held: { chunk: Uint8Array; copy: Uint8Array }[] = [];
    for await (const chunk of await bodyOf(url)) held.push({ chunk, copy: chunk.slice() });
    expect(held.every(({ chunk, copy }) => Buffer.compare(chunk, copy) === 0)).toBe(true);
    expectBody(Buffer.concat(held.map(({ chunk }) => chunk)));
  });
});

describe("a large body that comes slowly", () => {
  test("is handed on as it comes", async () => {
    let sent: Socket | undefined;
    const { url } = await serve((socket) => {
      sent = socket;
      socket.write(sized);
    });
    const reader = (await bodyOf(url)).getReader();
    for (let at = 0; at < 3000; at += 1000) {
      sent?.write(body.subarray(at, at + 1000));
      const { value } = await reader.read();
      expect(Buffer.compare(value as Uint8Array, body.subarray(at, at + 1000))).toBe(0);
    }
    sent?.write(body.subarray(3000));
    const rest: Uint8Array[] = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) rest.push(read.value);
    expect(Buffer.concat(rest).equals(body.subarray(3000))).toBe(true);
  });

  test("is read no faster than it is asked for", async () => {
    const length = 256 * MIB;
    let sent = 0;
    const { url } = await serve((socket) => {
      socket.write(head(`Content-Length: ${length}`));
      const more = () => {
        for (; sent < length; sent += MIB)
          if (!socket.write(new Uint8Array(MIB))) return void socket.once("drain", more);
      };
      more();
    });
    const reader = (await bodyOf(url)).getReader();
    await reader.read();
    await expect.poll(() => settled(() => sent), { timeout: 5000 }).toBe(true);
    // What the kernel takes on the way is not ours to bound.
    expect(sent).toBeLessThan(32 * MIB);
    await reader.cancel();
  });
});

describe("a large body that does not come to its end", () => {
  test.each([
    ["ends", (socket: Socket) => socket.end()],
    ["breaks", (socket: Socket) => socket.resetAndDestroy()],
  ])("fails when its connection %s, after what has come", async (_, end) => {
    const { url } = await serve((socket) => {
      socket.write(sized);
      socket.write(body.subarray(0, 700_001), () => setTimeout(() => end(socket), 30));
    });
    const { bytes, error } = await untilFailure(await bodyOf(url));
    expect(bytes).toBe(700_001);
    expect(error).not.toBeInstanceOf(RangeError);
  });

  test("fails with the signal's reason, and ends its connection", async () => {
    const server = await serve((socket) => {
      socket.write(sized);
      socket.write(body.subarray(0, MIB));
    });
    const controller = new AbortController();
    const reader = (await bodyOf(server.url, { signal: controller.signal })).getReader();
    await reader.read();
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(reader.read()).rejects.toBe(reason);
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
  });

  test("ends its connection when it is given up", async () => {
    const server = await serve((socket) => {
      socket.write(sized);
      socket.write(body.subarray(0, MIB));
    });
    await (await bodyOf(server.url)).cancel();
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
  });
});

describe("the connection of a large body", () => {
  test("is used for the next request, large or not", async () => {
    const server = await serve((socket, request) => {
      if (request.startsWith("GET")) {
        socket.write(sized);
        socket.write(body);
      } else socket.write(head("Content-Length: 0"));
    });
    for (let count = 0; count < 3; count += 1) {
      expectBody(await bytesOf(await bodyOf(server.url)));
      expect((await httpFetch(server.url, { method: "HEAD" })).status).toBe(200);
    }
    expect(server.sockets).toHaveLength(1);
  });

  test("is used for no other request meanwhile", async () => {
    const server = await serve((socket) => {
      socket.write(sized);
      socket.write(body);
    });
    const streams = await Promise.all([bodyOf(server.url), bodyOf(server.url), bodyOf(server.url)]);
    for (const bytes of await Promise.all(streams.map(bytesOf))) expectBody(bytes);
    expect(server.sockets).toHaveLength(3);
  });

  test.each([
    ["that the server closes", [sized.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), body]],
    ["of HTTP/1.0", [sized.replace("HTTP/1.1", "HTTP/1.0"), body]],
    ["on which more comes than the body", [sized, Buffer.concat([body, Buffer.from(sized)])]],
    ["on which something comes unasked", [sized, body, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"]],
  ])("%s is not used again", async (_, parts) => {
    const server = await serve((socket) => void writeApart(socket, parts));
    expectBody(await bytesOf(await bodyOf(server.url)));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expectBody(await bytesOf(await bodyOf(server.url)));
    expect(server.sockets).toHaveLength(2);
    expect(server.sockets[0]?.destroyed || server.sockets[0]?.readableEnded).toBe(true);
  });

  test("that has closed since is not used again", async () => {
    const server = await serve((socket) => {
      socket.write(sized);
      socket.write(body);
    });
    expectBody(await bytesOf(await bodyOf(server.url)));
    server.sockets[0]?.end();
    await expect.poll(() => server.sockets[0]?.destroyed).toBe(true);
    expectBody(await bytesOf(await bodyOf(server.url)));
    expect(server.sockets).toHaveLength(2);
  });
});

describe.runIf(isInstalled("openssl"))("over TLS", async () => {
  const folder = await scratch();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...made, ...names, "-keyout", key, "-out", cert], { stdio: "pipe" });
  let connections = 0;
  let requests = 0;
  const server = createHttps({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
    requests += 1;
    response.writeHead(200, { "Content-Length": String(body.length) }).end(body);
  });
  server.on("secureConnection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Fetches a URL twice, as a process whose certificates are those of the environment; prints what came of it. */
  function fetching(url: string, env: Record<string, string>) {
    const module = new URL("../../../dist/cli/http-fetch.js", import.meta.url);
    const code = `
      import { createHash } from "node:crypto";
      import { httpFetch } from "${module}";
      for (let count = 0; count < 2; count += 1) {
        try {
          const hash = createHash("sha256");
          for await (const chunk of (await httpFetch("${url}")).body) hash.update(chunk);
          console.log(hash.digest("hex"));
        } catch (error) {
          console.log(error.code);
        }
      }`;
    return promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { env, timeout: 20_000 });
  }

  test("it comes byte by byte, from whom the certificate says, and on one connection", async () => {
    const digest = createHash("sha256").update(body).digest("hex");
    const { stdout } = await fetching(`https://127.0.0.1:${port}/`, { NODE_EXTRA_CA_CERTS: cert });
    expect(stdout).toBe(`${digest}\n${digest}\n`);
    expect({ connections, requests }).toEqual({ connections: 1, requests: 2 });
  });

  test.each([
    ["of another name", `https://localhost:${port}/`, { NODE_EXTRA_CA_CERTS: cert }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that nobody vouches for", `https://127.0.0.1:${port}/`, {}, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ])("no request goes to a server %s", async (_, url, env, code) => {
    const before = requests;
    expect((await fetching(url, env)).stdout).toBe(`${code}\n${code}\n`);
    expect(requests).toBe(before);
  });
});

/** Whether a figure stays as it is for a while. */
async function settled(figure: () => number): Promise<boolean> {
  const before = figure();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return before === figure();
}

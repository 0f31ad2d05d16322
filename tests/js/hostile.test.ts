/** What only the host of a client sees of a registry that means harm; the rest is in tests/distribution/hostile.rs. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { OciError, RegistryError, TransferError } from "pierhead";
import { copy, Registry, type RegistryOptions } from "pierhead/client";
import { afterEach, describe, expect, test } from "vitest";

const MARK = "s3cr3t";
const credentials = () => ({ username: "someone", password: `${MARK}-password` });
const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }
});

/** A server that answers each request by its head, or not at all. Where it stands, and what it was asked. */
async function serve(answer: (head: string) => string | undefined): Promise<{ host: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = "";
    socket.on("error", () => {});
    socket.on("data", (data) => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      asked.push(head);
      const said = answer(head);
      head = "";
      if (said !== undefined) socket.end(said);
    });
  });
  servers.push({ server, sockets });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const DIGEST = `sha256:${"0".repeat(64)}`;
const MANIFEST = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };

/** All that a client can do there, each by its name. */
function flows(host: string, options: RegistryOptions = {}): [string, () => Promise<unknown>][] {
  const registry = new Registry(host, { credentials, retries: 0, ...options });
  const { manifests, blobs, tags, referrers } = registry.repository("a/b");
  const first = (list: AsyncIterable<unknown>) => list[Symbol.asyncIterator]().next();
  const repository = registry.repository("a/b");
  return [
    ["ping", () => registry.ping()],
    ["manifests.get", () => manifests.get("latest")],
    ["manifests.put", () => manifests.put(new TextEncoder().encode(JSON.stringify(MANIFEST)), { reference: "v1" })],
    ["manifests.delete", () => manifests.delete(DIGEST)],
    ["blobs.get", () => blobs.get(DIGEST)],
    ["blobs.push", () => blobs.push(new Uint8Array(3))],
    ["tags.list", () => first(tags.list())],
    ["referrers.list", () => first(referrers.list(DIGEST))],
    ["copy", () => copy({ repository, reference: "v1" }, { repository: registry.repository("c"), reference: "v1" })],
  ];
}

/** What every flow rejects with, none of which tells a credential. */
async function failures(host: string, options?: RegistryOptions): Promise<Record<string, OciError>> {
  const failed: Record<string, OciError> = {};
  for (const [name, flow] of flows(host, options)) {
    const error = await flow().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, name).toBeInstanceOf(OciError);
    for (let cause = error; cause !== undefined; cause = (cause as Error).cause) {
      expect(`${cause} ${JSON.stringify(cause)}`, name).not.toContain(MARK);
    }
    failed[name] = error as OciError;
  }
  return failed;
}

describe("a registry's answer", () => {
  test("whose head is 10 MB is given up by the host, which is a typed error", async () => {
    const padding = `X-Padding: ${"x".repeat(1000)}\r\n`.repeat(10_000);
    const { host } = await serve(() => `HTTP/1.1 200 OK\r\n${padding}Content-Length: 2\r\n\r\n{}`);
    for (const [name, error] of Object.entries(await failures(host))) {
      expect(error, name).toBeInstanceOf(TransferError);
      expect(error.code, name).toBe("CONNECTION_FAILED");
    }
  });

  test("that never comes is waited for as long as headersTimeout", async () => {
    const { host } = await serve(() => undefined);
    const begun = performance.now();
    for (const [name, error] of Object.entries(await failures(host, { headersTimeout: 50 }))) {
      expect(error.code, name).toBe("TIMEOUT");
    }
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe("a token service", () => {
  const challenging = async (realm: string) => {
    const challenge = `Bearer realm="${realm}",service="x"`;
    return await serve(
      () =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
  };

  test("that never answers is waited for as long as headersTimeout", async () => {
    const service = await serve(() => undefined);
    const { host } = await challenging(`${service.host}/token`);
    for (const [name, error] of Object.entries(await failures(host, { headersTimeout: 50 }))) {
      expect(error.code, name).toBe("TIMEOUT");
    }
    expect(service.asked.length).toBeGreaterThan(0);
  });

  test("that leads elsewhere takes no credential there", async () => {
    const evil = await serve(() => 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"token":"t"}');
    const service = await serve(
      () => `HTTP/1.1 307 Go\r\nLocation: ${evil.host}/token\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    const { host } = await challenging(`${service.host}/token`);
    for (const [name, error] of Object.entries(await failures(host))) expect(error.code, name).toBe("AUTH_FAILED");
    expect(service.asked.length).toBeGreaterThan(0);
    expect(evil.asked).toEqual([]);
  });

  test("whose head is 10 MB is given up by the host, which is a typed error", async () => {
    const padding = `X-Padding: ${"x".repeat(1000)}\r\n`.repeat(10_000);
    const service = await serve(() => `HTTP/1.1 200 OK\r\n${padding}Content-Length: 2\r\n\r\n{}`);
    const { host } = await challenging(`${service.host}/token`);
    for (const [name, error] of Object.entries(await failures(host))) {
      expect(error.code, name).toBe("CONNECTION_FAILED");
    }
  });
});

test("an error's page in HTML is an error of its status, without its words", async () => {
  const page = `<!doctype html><title>${"x".repeat(5_000)}</title>`;
  const { host } = await serve(
    () =>
      `HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
  );
  for (const [name, error] of Object.entries(await failures(host))) {
    expect(error, name).toBeInstanceOf(RegistryError);
    expect(error.message.length, name).toBeLessThan(500);
  }
});

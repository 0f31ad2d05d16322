/** `pierhead serve` where it listens for its own machine alone, however that is said, and where it does not. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { memory, type Serving, serve } from "../../../dist/cli/serve/serve.js";
import { isLoopback, onlyByName } from "../../../js/cli/serve/loopback.ts";

let serving: Serving | undefined;
afterEach(() => serving?.close(0));

/** What is answered to whoever asks for this machine by a name, from a page of its own. */
async function answered(name: string): Promise<{ status: number; allowed: string | undefined }> {
  const url = new URL((serving as Serving).url);
  const address = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = connect(Number(url.port), address === "0.0.0.0" ? "127.0.0.1" : address);
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
  });
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${name}\r\nOrigin: http://${name}\r\nConnection: close\r\n\r\n`);
  await once(socket, "close");
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(received) ?? [];
  const [, allowed] = /^access-control-allow-origin: ?(.*)$/im.exec(received) ?? [];
  return { status: Number(status), allowed };
}

test.each(["127.0.0.1", "localhost", "127.1", "127.8.9.10", "::ffff:127.0.0.1"])(
  "at %s it answers to no other name, and lets no page read",
  async (host) => {
    serving = await serve({ store: memory() }, { host, port: 0, names: ["Proxy.example"] });
    expect(serving.isLocal).toBe(true);
    for (const name of ["localhost", "127.0.0.1", "proxy.example:80", host.includes(":") ? `[${host}]` : host])
      expect(await answered(name), name).toEqual({ status: 200, allowed: undefined });
    for (const name of ["page.example", "localhost.page.example", "127.0.0.1.page.example"])
      expect(await answered(name), name).toEqual({ status: 403, allowed: undefined });
  },
);

test("at every address of the machine it answers to every name, and lets every page read", async () => {
  serving = await serve({ store: memory() }, { host: "0.0.0.0", port: 0 });
  expect(serving.isLocal).toBe(false);
  expect(await answered("page.example")).toEqual({ status: 200, allowed: "*" });
});

test("addresses of this machine are known however they are written", () => {
  const own = ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::1%lo"];
  expect(own.filter((address) => !isLoopback(address))).toEqual([]);
  const others = ["", "0.0.0.0", "::", "128.0.0.1", "::2", "::ffff:10.0.0.1", "fe80::1%lo", "localhost", "127.page"];
  expect(others.filter(isLoopback)).toEqual([]);
});

test("a name is what stands in the header, and nothing in it", async () => {
  const handle = onlyByName(async () => ({ status: 200, headers: "", body: undefined }), []);
  const status = async (host: string) =>
    (await handle({ method: "GET", target: "/v2/", headers: `accept:*/*\nHost:${host}\nx-host:a\n` })).status;
  expect(await status(" \tLOCALHOST:5000 \t")).toBe(200);
  expect(await status("[::1]:5000")).toBe(200);
  for (const host of ["", "localhost page.example", `a${" ".repeat(30_000)}localhost`, "localhost:5000:1", "[::1"])
    expect(await status(host), host).toBe(403);
});

/** The front over a store of JavaScript's: what crosses the boundary both ways. The registry itself is tested in Rust, below `tests/front/`. */
import { createHash, randomBytes } from "node:crypto";
import { TransferError } from "pierhead";
import { createFront, createMetrics, type FrontEvent, type ObjectStore } from "pierhead/front";
import { memory, StoreError } from "pierhead/stores/memory";
import { expect, test, vi } from "vitest";

const INDEX = "application/vnd.oci.image.index.v1+json";
const EMPTY = `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[]}`;

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

type Init = { body?: BodyInit; headers?: Record<string, string>; signal?: AbortSignal };

function asking(options: Partial<Parameters<typeof createFront>[0]> & { store?: ObjectStore } = {}) {
  const front = createFront({ store: memory(), onError: () => {}, ...options } as never);
  return (method: string, target: string, init: Init = {}) =>
    front(new Request(new URL(target, "http://front.test"), { method, ...init, duplex: "half" } as RequestInit));
}

function pieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + size));
      at += size;
      if (at >= bytes.length) controller.close();
    },
  });
}

/** The store, but for what `changed` does otherwise. */
function but(changed: (store: ObjectStore) => Partial<ObjectStore>): ObjectStore {
  const store = memory();
  return { ...store, ...changed(store) };
}

test("a blob that came in chunks is hashed on its way, and comes back whole and in parts that span chunks", async () => {
  const ask = asking();
  const bytes = new Uint8Array(randomBytes(300_000));
  let location = (await ask("POST", "/v2/a/blobs/uploads/")).headers.get("location") as string;
  for (const [from, to] of [
    [0, 100_001],
    [100_001, 250_000],
  ] as const) {
    const headers = { "content-range": `${from}-${to - 1}`, "content-length": String(to - from) };
    const answer = await ask("PATCH", location, { body: pieces(bytes.slice(from, to), 7_777), headers });
    expect([answer.status, answer.headers.get("range")]).toEqual([202, `0-${to - 1}`]);
    location = answer.headers.get("location") as string;
  }
  const digest = sha256(bytes);
  const wrong = sha256(bytes.subarray(1));
  const rest = { body: pieces(bytes.slice(250_000), 9_999), headers: { "content-length": "50000" } };
  const closed = await ask("PUT", `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`, rest);
  expect([closed.status, closed.headers.get("docker-content-digest")]).toEqual([201, digest]);
  const whole = await ask("GET", `/v2/a/blobs/${digest}`);
  expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
  const part = await ask("GET", `/v2/a/blobs/${digest}`, { headers: { range: "bytes=99000-260000" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 99000-260000/300000"]);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(99_000, 260_001));
  expect((await ask("GET", `/v2/a/blobs/${wrong}`)).status).toBe(404);
});

test("a digest that is not the blob's is refused, whoever hashes", async () => {
  for (const store of [memory(), but(() => ({ verifiesSha256: false }))]) {
    const ask = asking({ store });
    const bytes = new Uint8Array(randomBytes(10_000));
    const put = async (digest: string) => {
      const headers = { "content-length": String(bytes.length) };
      return (await ask("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes, headers })).status;
    };
    expect(await put(sha256(bytes.subarray(1)))).toBe(400);
    expect(await put(sha256(bytes))).toBe(201);
    const sha512 = `sha512:${createHash("sha512").update(bytes).digest("hex")}`;
    expect(await put(sha512.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBe(400);
    expect(await put(sha512)).toBe(201);
  }
});

const silence = new TransferError("TIMEOUT", "no byte came for a minute");

test.each([
  ["ends early", 400, (controller: ReadableStreamDefaultController) => controller.close()],
  ["breaks", 400, (controller: ReadableStreamDefaultController) => controller.error(new Error("gone"))],
  ["falls silent", 408, (controller: ReadableStreamDefaultController) => controller.error(silence)],
])("a body that %s is answered %i, and leaves the upload as it was", async (_, status, end) => {
  const ask = asking();
  const location = (await ask("POST", "/v2/a/blobs/uploads/")).headers.get("location") as string;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1000)),
    pull: end,
  });
  const headers = { "content-length": "2000", "content-range": "0-1999" };
  expect((await ask("PATCH", location, { body, headers })).status).toBe(status);
  const left = await ask("GET", location);
  expect([left.status, left.headers.get("range")]).toEqual([204, "0-0"]);
  const again = { body: new Uint8Array(2000), headers };
  expect((await ask("PATCH", location, again)).status).toBe(202);
});

test("what the store fails with is told to the operator, and answered with what the client can do", async () => {
  const broken = new Error("the disk is on fire");
  for (const [error, status, told] of [
    [new StoreError("STORE_BUSY", "slow down"), 429, 0],
    [new StoreError("STORE_UNAVAILABLE", "no answer"), 503, 1],
    [silence, 503, 1],
    [new TransferError("CONNECTION_LOST", "the answer broke off"), 503, 1],
    [broken, 503, 1],
  ] as const) {
    const onError = vi.fn();
    const fails = async () => {
      throw error;
    };
    const ask = asking({ store: but(() => ({ get: fails, head: fails })), onError });
    const answer = await ask("GET", "/v2/a/manifests/latest");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, "1"]);
    expect((await answer.text()).includes("fire")).toBe(false);
    expect(onError.mock.calls.length > 0 ? 1 : 0).toBe(told);
  }
});

test("an object of the store's that does not come to its end is waited for no longer than a minute", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const onError = vi.fn();
    const info = { size: 300_000, version: "1", modified: 0 };
    const cancel = vi.fn();
    // More than is read at once, of which some comes.
    const get = async () => ({
      info,
      body: new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(9)), cancel }),
    });
    const ask = asking({ store: but(() => ({ get })), onError });
    const answer = ask("GET", `/v2/a/manifests/${sha256(new Uint8Array())}`);
    let status: number | undefined;
    void answer.then((response) => {
      status = response.status;
    });
    await vi.advanceTimersByTimeAsync(59_000);
    expect([status, cancel.mock.calls.length, onError.mock.calls.length]).toEqual([undefined, 0, 0]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([status, cancel.mock.calls.length]).toEqual([503, 1]);
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
  } finally {
    vi.useRealTimers();
  }
});

test("an object of the store's that breaks off is told to the operator whatever its size, unless whoever asked has left", async () => {
  for (const size of [1_000, 300_000]) {
    for (const leaves of [false, true]) {
      const onError = vi.fn();
      const abort = new AbortController();
      let isAsked = false;
      const body = () =>
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(9)),
          pull(controller) {
            isAsked = true;
            if (!leaves) controller.error(new Error("reset"));
            return new Promise<void>(() => {});
          },
        });
      const get = async () => ({ info: { size, version: "1", modified: 0 }, body: body() });
      const ask = asking({ store: but(() => ({ get })), onError });
      const answer = ask("GET", `/v2/a/manifests/${sha256(new Uint8Array())}`, { signal: abort.signal });
      if (leaves) {
        await vi.waitFor(() => expect(isAsked).toBe(true));
        abort.abort(new Error("enough"));
        await expect(answer).rejects.toThrow("enough");
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(onError).not.toHaveBeenCalled();
      } else {
        expect((await answer).status).toBe(503);
        expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
      }
    }
  }
});

test("a store that takes longer than a minute is told of to the operator, and the client asked to come again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const onError = vi.fn();
    const ask = asking({ store: but(() => ({ get: () => new Promise(() => {}) })), onError });
    const answer = ask("GET", "/v2/a/manifests/latest");
    await vi.advanceTimersByTimeAsync(59_000);
    expect(onError).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await answer).status).toBe(503);
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
  } finally {
    vi.useRealTimers();
  }
});

test("a store that throws at once fails the request alone", async () => {
  let broken = true;
  const store = but(({ get }) => ({
    get(key, options) {
      if (broken) throw new TypeError("a bug");
      return get(key, options);
    },
  }));
  const ask = asking({ store });
  expect((await ask("GET", "/v2/a/manifests/latest")).status).toBe(503);
  broken = false;
  expect((await ask("GET", "/v2/a/manifests/latest")).status).toBe(404);
});

test("a blob whose bytes the store does not give breaks off, and is told of as cut", async () => {
  const events: FrontEvent[] = [];
  const bytes = new Uint8Array(randomBytes(1_000_000));
  let breaks = false;
  const store = but(({ get }) => ({
    async get(key, options) {
      const found = await get(key, options);
      if (!breaks || found === undefined || !key.startsWith("segments/")) return found;
      let sent = false;
      const body = new ReadableStream({
        pull(controller) {
          if (sent) controller.error(new StoreError("STORE_UNAVAILABLE", "gone"));
          else controller.enqueue(bytes.subarray(0, 1000));
          sent = true;
        },
      });
      return { ...found, body };
    },
  }));
  const ask = asking({ store, onEvent: (event) => events.push(event) });
  const digest = sha256(bytes);
  await ask("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes, headers: { "content-length": "1000000" } });
  breaks = true;
  const answer = await ask("GET", `/v2/a/blobs/${digest}`);
  expect(answer.status).toBe(200);
  await expect(answer.arrayBuffer()).rejects.toThrow();
  expect(events.at(-1)).toMatchObject({ operation: "blob", status: 200, sent: 1000, outcome: "cut" });
});

test("a request that its client gives up rejects, and leaves the upload for whoever goes on", async () => {
  const events: FrontEvent[] = [];
  const ask = asking({ onEvent: (event) => events.push(event) });
  const abort = new AbortController();
  const location = (await ask("POST", "/v2/a/blobs/uploads/")).headers.get("location") as string;
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1;
      if (pulled === 1) controller.enqueue(new Uint8Array(1000));
      return pulled === 1 ? undefined : new Promise<void>(() => {});
    },
  });
  const asked = ask("PATCH", location, { body, signal: abort.signal });
  await vi.waitFor(() => expect(pulled).toBe(2));
  abort.abort(new Error("gone"));
  await expect(asked).rejects.toThrow("gone");
  expect(events.at(-1)).toMatchObject({ operation: "upload", status: undefined, received: 1000, outcome: "aborted" });
  const headers = { "content-range": "0-4", "content-length": "5" };
  expect((await ask("PATCH", location, { body: "again", headers })).status).toBe(202);
});

test("a host is asked to go on with what takes a body in until that is in order", async () => {
  const front = createFront({ store: memory() });
  const waitUntil = vi.fn();
  await front(new Request("http://front.test/v2/"), { waitUntil });
  expect(waitUntil).not.toHaveBeenCalled();
  const request = new Request("http://front.test/v2/a/manifests/x", { method: "PUT", body: "{}" });
  const { status } = await front(request, { waitUntil });
  expect(status).toBe(400);
  await expect(waitUntil.mock.calls[0]?.[0]).resolves.toMatchObject({ status: 400 });
});

test("each request is told of, with what was asked and how much went either way", async () => {
  const events: FrontEvent[] = [];
  const ask = asking({ onEvent: (event) => events.push(event) });
  const headers = { "content-type": INDEX };
  await ask("PUT", "/v2/a/b/manifests/latest", { body: EMPTY, headers });
  await (await ask("GET", "/v2/a/b/manifests/latest")).text();
  await ask("GET", "/v2/a%2Fb/manifests/other");
  await ask("GET", "/v2/");
  await ask("DELETE", "/v2/a/blobs/uploads/1");
  await ask("GET", "/v2/a/tags/list?n=1");
  await ask("GET", "/elsewhere");
  expect(events).toMatchObject([
    { operation: "manifest", method: "PUT", repository: "a/b", reference: "latest", status: 201, outcome: "ok" },
    { operation: "manifest", method: "GET", sent: EMPTY.length, received: 0, outcome: "ok" },
    { operation: "manifest", repository: "a/b", reference: "other", status: 400, outcome: "refused" },
    { operation: "version", status: 200 },
    { operation: "upload", method: "DELETE", repository: "a", reference: "1", outcome: "refused" },
    { operation: "tags", repository: "a" },
    { operation: "other", outcome: "refused" },
  ]);
  expect(events[0]?.received).toBe(EMPTY.length);
  expect(events.every(({ duration }) => duration >= 0 && duration < 60_000)).toBe(true);
});

test("a response that the host refuses becomes a 500, is told of as one, and its body is given up", async () => {
  const events: FrontEvent[] = [];
  const onError = vi.fn();
  const cancel = vi.fn();
  const store = but(({ get }) => ({
    async get(key, options) {
      const found = await get(key, options);
      return found && key.startsWith("segments/") ? { ...found, body: new ReadableStream({ cancel }) } : found;
    },
  }));
  const ask = asking({ store, onError, onEvent: (event) => events.push(event) });
  const bytes = new Uint8Array(randomBytes(1_000));
  const target = `/v2/a/blobs/uploads/?digest=${sha256(bytes)}`;
  expect((await ask("POST", target, { body: bytes, headers: { "content-length": "1000" } })).status).toBe(201);
  const refused = new TypeError("no header of this host");
  class Refusing extends Headers {
    constructor(init?: HeadersInit) {
      super(init);
      if (this.has("docker-content-digest")) throw refused;
    }
  }
  events.length = 0;
  vi.stubGlobal("Headers", Refusing);
  try {
    for (const [method, sent] of [
      ["GET", 60],
      ["HEAD", 0],
    ] as const) {
      const answer = await ask(method, `/v2/a/blobs/${sha256(bytes)}`);
      expect([answer.status, (await answer.text()).length]).toEqual([500, sent]);
      const event = { operation: "blob", method, status: 500, sent, outcome: "failed", error: refused };
      expect(events.splice(0)).toEqual([expect.objectContaining(event)]);
    }
  } finally {
    vi.unstubAllGlobals();
  }
  expect(onError.mock.calls).toEqual([[refused], [refused]]);
  expect(cancel).toHaveBeenCalledExactlyOnceWith(refused);
});

test("whoever is told of a request and throws is told of that, and the request is answered", async () => {
  const onError = vi.fn();
  const ask = asking({
    onError,
    onEvent: () => {
      throw new Error("the log is full");
    },
  });
  expect((await ask("GET", "/v2/")).status).toBe(200);
  expect(onError).toHaveBeenCalledExactlyOnceWith(new Error("the log is full"));
});

test("counters have no label that a request could choose", () => {
  const metrics = createMetrics();
  const rest = { received: 0, sent: 10, duration: 30, outcome: "ok" } as const;
  for (let number = 0; number < 1000; number += 1) {
    metrics.observe({ operation: "blob", method: "GET", repository: `r${number}`, status: 200, ...rest });
  }
  const text = metrics.text();
  expect(text.split("\n").length).toBeLessThan(30);
  expect(text).toContain('pierhead_requests_total{operation="blob",method="GET",status="200",outcome="ok"} 1000\n');
  expect(text).toContain('pierhead_request_duration_seconds_bucket{operation="blob",method="GET",le="0.025"} 0\n');
  expect(text).toContain('pierhead_request_duration_seconds_bucket{operation="blob",method="GET",le="0.1"} 1000\n');
  expect(text).toContain('pierhead_sent_bytes_total{operation="blob",method="GET"} 10000\n');
});

test("over a store that takes no writes all is read, and whatever would write is no method", async () => {
  const store = memory();
  const put = { body: EMPTY, headers: { "content-type": INDEX } };
  expect((await asking({ store })("PUT", "/v2/a/manifests/v1", put)).status).toBe(201);
  const written = vi.fn(() => Promise.reject(new StoreError("STORE_UNAVAILABLE", "it takes none")));
  const reading: ObjectStore = { ...store, put: written, delete: written };
  const path = `/v2/a/manifests/${sha256(new TextEncoder().encode(EMPTY))}`;
  // Leases are old at once, and whoever asks for one of them renews it.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await asking({ store: reading, grace: 1 })("HEAD", path)).status).toBe(503);
  expect(written).toHaveBeenCalledOnce();
  const ask = asking({ store: reading, grace: 1, readOnly: true });
  expect((await ask("HEAD", path)).status).toBe(200);
  expect(await (await ask("GET", path)).text()).toBe(EMPTY);
  for (const [method, target] of [
    ["PUT", path],
    ["DELETE", path],
    ["POST", "/v2/a/blobs/uploads/"],
  ] as const) {
    const refused = await ask(method, target, method === "PUT" ? put : {});
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  }
  expect(written).toHaveBeenCalledOnce();
});

test("pages of every origin may read, and only those that are named may write", async () => {
  const preflight = async (cors: string[] | undefined, origin = "https://page.test") => {
    const { headers } = await asking({ cors })("OPTIONS", "/v2/a/blobs/uploads/", { headers: { origin } });
    return [headers.get("access-control-allow-origin"), headers.get("access-control-allow-methods")];
  };
  const all = "GET, HEAD, POST, PUT, PATCH, DELETE";
  expect(await preflight(undefined)).toEqual(["*", "GET, HEAD"]);
  expect(await preflight(["https://page.test"])).toEqual(["https://page.test", all]);
  expect(await preflight(["*"])).toEqual(["*", all]);
  expect((await preflight(["https://other.test"]))[0]).toBe(null);
});

test("a URL that no request of the API needs is refused", async () => {
  const answer = await asking()("GET", `/v2/${"a".repeat(65_536)}/tags/list`);
  expect(answer.status).toBe(414);
  expect(await answer.json()).toMatchObject({ errors: [{ code: "UNSUPPORTED" }] });
});

test("manifests are validated as the operator says", async () => {
  const headers = { "content-type": INDEX };
  const doubtful = EMPTY.replace("[]", '[], "annotations": {"a": 1}');
  const put = async (validation: "structural" | "1.1") =>
    (await asking({ validation })("PUT", "/v2/a/manifests/x", { body: doubtful, headers })).status;
  expect(await put("1.1")).toBe(400);
});

test.each([
  { store: {} },
  { store: null },
  { validation: "strict" },
  { grace: 0 },
  { grace: 1.5 },
  { uploadExpiry: -1 },
  { maxChunk: 1000 },
  { manifestMemory: 4_194_303 },
  { minChunk: 5_000_000, maxChunk: 4_194_304 },
  { onEvent: 1 },
  { onError: "log" },
])("options of other types or out of range are refused: %j", (wrong) => {
  expect(() => createFront({ store: memory(), ...wrong } as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

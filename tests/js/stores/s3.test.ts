/** The store in a bucket, on services that others wrote, and on one that does everything wrong. */
import { existsSync } from "node:fs";
import process from "node:process";
import { createFront } from "pierhead/front";
import type { ObjectStore } from "pierhead/stores/contract";
import { storeContract } from "pierhead/stores/contract";
import { type S3Options, s3 } from "pierhead/stores/s3";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { goTool } from "../../../scripts/lib/go-tools.mjs";
import { kinds, startS3 } from "../../support/s3-server.mjs";

const { CI } = process.env;

describe.each(Object.keys(kinds))("%s", (kind) => {
  const installed = existsSync(goTool(kind as "minio"));
  if (!installed) {
    // Skipped where it is missing, but not where everything has to be there.
    test.skipIf(CI !== "true" || kinds[kind]?.optional)("is installed: node scripts/install-go-tools.mjs", () => {
      expect(installed).toBe(true);
    });
    return;
  }
  let server: Awaited<ReturnType<typeof startS3>>;
  const open = async (options?: Partial<S3Options>): Promise<ObjectStore> => s3({ ...server.place, ...options });
  beforeAll(async () => {
    server = await startS3(kind);
  }, 60_000);
  afterAll(() => server.close());

  describe("the contract", () => {
    for (const { name, run } of storeContract(() => open())) {
      const cannot = kinds[kind]?.cannot.includes(name);
      test.runIf(!cannot)(name, { timeout: 60_000 }, run);
      test.runIf(cannot).fails(`${name}: which it cannot`, { timeout: 60_000 }, run);
    }
  });

  test("a store with a prefix sees nothing else, and another prefix is another store", async () => {
    const [one, other] = [await open({ prefix: "one/" }), await open({ prefix: "other/" })];
    const whole = await open();
    await one.put("a", new Uint8Array(1));
    await other.put("a", new Uint8Array(2));
    expect((await one.list("")).objects.map(({ key, size }) => [key, size])).toEqual([["a", 1]]);
    expect((await one.list("", { after: "a" })).objects).toEqual([]);
    expect((await whole.list("o")).objects.map(({ key }) => key)).toEqual(["one/a", "other/a"]);
    await one.delete(["a"]);
    expect((await other.head("a"))?.size).toBe(2);
    await other.delete(["a"]);
  });

  test("a URL that was signed reads the object, and nothing else", async () => {
    const store = await open({ presign: 60, prefix: "signed +/" });
    await store.put("ä &?#", new TextEncoder().encode("content"));
    const url = new URL((await store.presign?.("ä &?#")) ?? "");
    expect(await (await fetch(url)).text()).toBe("content");
    expect(url.href).not.toContain(server.secret);
    if (kind === "minio") {
      expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
      url.pathname += "x";
      expect((await fetch(url)).status).toBe(403);
    }
    expect((await open()).presign).toBeUndefined();
    await store.delete(["ä &?#"]);
  });
});

test.runIf(existsSync(goTool("minio")))("a service that refuses the credentials is no store", async () => {
  const server = await startS3("minio");
  try {
    const credentials = async () => ({ accessKeyId: "pierhead", secretAccessKey: "another" });
    await expect(s3({ ...server.place, credentials }).head("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  } finally {
    await server.close();
  }
});

/** A service of one object, which a test makes do wrong what it likes. */
function service(wrong: (request: Request) => Response | Promise<Response> | undefined = () => undefined) {
  const objects = new Map<string, { body: ArrayBuffer; etag: string }>();
  const asked: Request[] = [];
  let etags = 0;
  const answer = async (url: URL, init: RequestInit): Promise<Response> => {
    const request = new Request(url, { ...init, signal: init.signal ?? null });
    asked.push(request);
    const otherwise = await wrong(request);
    if (otherwise !== undefined) return otherwise;
    const present = objects.get(url.pathname);
    if (request.method === "PUT") {
      const [absent, match] = [request.headers.get("If-None-Match"), request.headers.get("If-Match")];
      if ((absent && present) || (match && match !== present?.etag)) return refusal(412, "PreconditionFailed");
      if (request.headers.has("x-amz-checksum-sha256")) return refusal(400, "BadDigest");
      etags += 1;
      const etag = `"${etags}"`;
      objects.set(url.pathname, { body: await request.arrayBuffer(), etag });
      return new Response(null, { headers: { ETag: etag } });
    }
    if (request.method === "DELETE") objects.delete(url.pathname);
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    if (present === undefined) return refusal(404, "NoSuchKey");
    const headers = { ETag: present.etag, "Content-Length": String(present.body.byteLength) };
    return new Response(request.method === "HEAD" ? null : present.body, { headers });
  };
  const options: S3Options = {
    endpoint: "https://s3.example",
    bucket: "objects",
    credentials: { accessKeyId: "id", secretAccessKey: "secret", sessionToken: "token" },
    fetch: answer,
    timeout: 300,
  };
  return { options, asked, objects };
}

function refusal(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no &amp; no</Message></Error>`, {
    status,
  });
}

const isProbe = (request: Request) => request.url.includes(".pierhead-probe-");

describe("a service that ignores a condition is refused before anything is written", () => {
  test.each(["If-None-Match", "If-Match"])("%s", async (header) => {
    const { options, objects } = service((request) => {
      const etag = '"1"';
      const ignored = request.method === "PUT" && request.headers.has(header);
      return ignored ? new Response(null, { headers: { ETag: etag } }) : undefined;
    });
    const store = s3(options);
    await expect(store.put("a", new Uint8Array(1))).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
    await expect(store.list("")).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
    expect([...objects.keys()]).toEqual([]);
  });

  test("one that says that it does not know the header", async () => {
    const { options } = service((request) =>
      request.headers.has("If-None-Match") ? refusal(501, "NotImplemented") : undefined,
    );
    await expect(s3(options).head("a")).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
  });
});

test("a service is tried once, and again only if it could not be", async () => {
  let down = true;
  const { options, asked } = service(() => (down ? refusal(500, "InternalError") : undefined));
  const store = s3(options);
  await expect(store.head("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  down = false;
  expect(store.verifiesSha256).toBe(false);
  expect(await store.head("a")).toBeUndefined();
  expect(store.verifiesSha256).toBe(true);
  const before = asked.filter(isProbe).length;
  await Promise.all([store.head("a"), store.head("b")]);
  expect(asked.filter(isProbe).length).toBe(before);
});

test("a service that compares no SHA-256 is not said to", async () => {
  const { options } = service((request) =>
    request.headers.has("x-amz-checksum-sha256") ? new Response(null, { headers: { ETag: '"9"' } }) : undefined,
  );
  const store = s3(options);
  await store.head("a");
  expect(store.verifiesSha256).toBe(false);
});

/** Refuses what is asked, but for what is tried at the start, as long as `left` says. */
function refusing(answer: () => Response, timeout = 10_000) {
  const state = { left: 0 };
  const { options, asked } = service((request) => (!isProbe(request) && state.left-- > 0 ? answer() : undefined));
  return {
    store: s3({ ...options, timeout }),
    state,
    times: () => asked.filter((request) => !isProbe(request)).length,
  };
}

describe("what fails in passing is tried again", () => {
  test("whatever was not done, as the service says", async () => {
    for (const code of ["SlowDown", "ServiceUnavailable", "RequestTimeout"]) {
      const { store, state, times } = refusing(() => refusal(503, code));
      state.left = 2;
      expect(await store.put("a", new Uint8Array(3), { ifAbsent: true })).toMatchObject({ size: 3 });
      expect(times()).toBe(3);
    }
  });

  test("what can be done twice, where it may have been done", async () => {
    const { store, state, times } = refusing(() => refusal(500, "InternalError"));
    state.left = 2;
    expect(await store.put("a", new Uint8Array(3))).toMatchObject({ size: 3 });
    expect(times()).toBe(3);
    state.left = 1;
    await expect(store.put("a", new Uint8Array(3), { ifVersion: '"1"' })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(times()).toBe(4);
  });

  test("but no refusal, nor a stream", async () => {
    for (const [status, code] of [
      [403, "AccessDenied"],
      [409, "ObjectParentIsFile"],
    ] as const) {
      const { store, state, times } = refusing(() => refusal(status, code));
      state.left = 9;
      await expect(store.put("a", new Uint8Array(1))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(times()).toBe(1);
    }
    const busy = refusing(() => refusal(503, "SlowDown"));
    busy.state.left = 9;
    const stream = new Blob([new Uint8Array(5)]).stream();
    await expect(busy.store.put("a", stream, { size: 5 })).rejects.toMatchObject({ code: "STORE_BUSY" });
    expect(busy.times()).toBe(1);
  });

  test("not for ever", async () => {
    const timeout = 1000;
    const { store, state, times } = refusing(() => refusal(503, "SlowDown"), timeout);
    await store.head("a");
    state.left = Number.POSITIVE_INFINITY;
    const begun = performance.now();
    await expect(store.head("a")).rejects.toMatchObject({ code: "STORE_BUSY" });
    expect(performance.now() - begun).toBeLessThan(2 * timeout);
    expect(times()).toBeGreaterThan(3);
  });

  test("no sooner than the service asks for, and not at all if that is too late", async () => {
    let wait = "0.2";
    const { store, state, times } = refusing(() => {
      const response = refusal(503, "SlowDown");
      response.headers.set("Retry-After", wait);
      return response;
    });
    await store.head("a");
    state.left = 1;
    const begun = performance.now();
    expect(await store.head("a")).toBeUndefined();
    expect(performance.now() - begun).toBeGreaterThan(190);
    wait = "60";
    state.left = 1;
    const before = times();
    await expect(store.head("a")).rejects.toMatchObject({ code: "STORE_BUSY" });
    expect(times()).toBe(before + 1);
  });

  test("a service that falls silent, once", async () => {
    let silent = true;
    const { options } = service((request) => {
      if (isProbe(request) || !silent) return undefined;
      silent = false;
      return new Promise(() => {});
    });
    expect(await s3(options).head("a")).toBeUndefined();
  });
});

test("a conflict of writers is tried again until it is known who was first", async () => {
  let left = 3;
  const { options } = service((request) =>
    !isProbe(request) && left-- > 0 ? refusal(409, "ConditionalRequestConflict") : undefined,
  );
  const store = s3({ ...options, timeout: 10_000 });
  expect(await store.put("a", new Uint8Array(3), { ifAbsent: true })).toMatchObject({ size: 3 });
  expect(left).toBe(-1);
});

test("a redirect is not followed, and takes no credential anywhere", async () => {
  const { options, asked } = service((request) =>
    isProbe(request)
      ? undefined
      : new Response(null, { status: 307, headers: { Location: "https://elsewhere.example" } }),
  );
  await expect(s3(options).get("a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(new Set(asked.map(({ url }) => new URL(url).host))).toEqual(new Set(["s3.example"]));
  expect(asked.every(({ redirect }) => redirect === "manual")).toBe(true);
  expect(asked.every(({ headers }) => headers.get("X-Amz-Security-Token") === "token")).toBe(true);
});

test("a service that falls silent is given up, before its answer and within it", async () => {
  const silent = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(5)) });
  const { options } = service((request) => {
    if (isProbe(request)) return undefined;
    if (request.method === "GET") return new Response(silent, { headers: { ETag: '"1"', "Content-Length": "9" } });
    return new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
  });
  const store = s3(options);
  await expect(store.put("a", new Uint8Array(1), { ifAbsent: true })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  const found = await store.get("a");
  await expect(new Response(found?.body).text()).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("a body that ends too soon, or of another range than was asked for, is an error", async () => {
  const { options } = service((request) => {
    if (isProbe(request) || request.method !== "GET") return undefined;
    const headers = { ETag: '"1"', "Content-Length": "9" };
    return request.headers.has("Range")
      ? new Response("012345678", { status: 206, headers: { ...headers, "Content-Range": "bytes 0-8/20" } })
      : new Response("0123", { headers });
  });
  const store = s3(options);
  await expect(new Response((await store.get("a"))?.body).text()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  const range = { start: 1, end: 9 };
  await expect(store.get("a", { range })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test.each([
  ["an entity that would be defined", '<!DOCTYPE a [<!ENTITY x "y">]><ListBucketResult/>'],
  ["an entity that nobody knows", "<ListBucketResult><Contents><Key>a/&x;</Key></Contents></ListBucketResult>"],
  ["half an entity", "<ListBucketResult><Contents><Key>a/&amp</Key></Contents></ListBucketResult>"],
  ["a character that is none", "<ListBucketResult><Contents><Key>a/&#x110000;</Key></Contents></ListBucketResult>"],
  ["no end", "<ListBucketResult><Contents>"],
  ["two roots", "<ListBucketResult/><ListBucketResult/>"],
  ["ends that cross", "<a><b></a></b>"],
  ["another document", "<ListAllMyBucketsResult/>"],
  ["no size", "<ListBucketResult><Contents><Key>a/b</Key></Contents></ListBucketResult>"],
  ["depth", `${"<a>".repeat(40)}${"</a>".repeat(40)}`],
  ["more, but nothing", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"],
])("a list with %s is an error", async (_, text) => {
  const { options } = service((request) => (request.url.includes("list-type") ? new Response(text) : undefined));
  await expect(s3({ ...options, prefix: "a/" }).list("")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("a list of other keys than were asked for, or in another order, is none to go by", async () => {
  let keys: string[] = [];
  const { options } = service((request) => {
    if (!request.url.includes("list-type")) return undefined;
    const entries = keys.map(
      (key) =>
        `<Contents><Key>${key}</Key><Size>1</Size><LastModified>2026-01-31T00:00:00.000Z</LastModified></Contents>`,
    );
    return new Response(`<ListBucketResult>${entries.join("")}</ListBucketResult>`);
  });
  const store = s3(options);
  // In the order of UTF-8, which is not that of JavaScript.
  keys = ["a/b", "a/c", "a/\uffee", "a/😀"];
  expect((await store.list("a/", { after: "a/a" })).objects.map(({ key }) => key)).toEqual(keys);
  for (const wrong of [["b"], ["a/a"], ["a/"], ["a/c", "a/b"], ["a/b", "a/b"], ["a/😀", "a/\uffee"]]) {
    keys = wrong;
    await expect(store.list("a/", { after: "a/a" })).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
  }
  keys = ["other/a"];
  await expect(s3({ ...options, prefix: "one/" }).list("")).rejects.toMatchObject({ code: "STORE_UNSUITABLE" });
});

test("a bucket that is not there is no object that is not there", async () => {
  let gone = false;
  const { options } = service((request) =>
    gone && request.method === "PUT" ? new Response("", { status: 404 }) : undefined,
  );
  const store = s3(options);
  await store.head("a");
  gone = true;
  await expect(store.put("a", new Uint8Array(1), { ifAbsent: true })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  expect(await store.put("a", new Uint8Array(1), { ifVersion: '"1"' })).toBeUndefined();
});

test("a list is read as it is written, by number, by name, and encoded where the service says so", async () => {
  const page = (encoding: string, key: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><!-- -->${encoding}
    <Contents><Key>${key}</Key><Size>7</Size><LastModified>2026-01-31T00:00:00.000Z</LastModified></Contents></ListBucketResult>`;
  let text = page("", "a&amp;&#38;&#x26;&#x3D;&#x3d;%2B+");
  const { options } = service((request) => (request.url.includes("list-type") ? new Response(text) : undefined));
  const store = s3(options);
  const modified = Date.UTC(2026, 0, 31);
  expect(await store.list("")).toEqual({ objects: [{ key: "a&&&==%2B+", size: 7, modified }], more: false });
  text = page("<EncodingType>url</EncodingType>", "a%2B+b%F0%9F%98%80");
  expect((await store.list("")).objects[0]?.key).toBe("a+ b😀");
});

test("an upload in parts that fails late, under a good status, has failed, and is given up", async () => {
  const seen: string[] = [];
  const { options } = service((request) => {
    const { searchParams } = new URL(request.url);
    if (!searchParams.has("uploads") && !searchParams.has("uploadId")) return undefined;
    seen.push(`${request.method} ${searchParams.get("partNumber") ?? ""}`.trim());
    if (searchParams.has("uploads")) return new Response("<I><UploadId>u&amp;1</UploadId></I>");
    if (request.method === "PUT") return new Response(null, { headers: { ETag: '"p"' } });
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    return new Response("<Error><Code>InternalError</Code></Error>");
  });
  const stream = new Blob([new Uint8Array(9 * 1024 * 1024)]).stream();
  await expect(s3(options).put("a", stream)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(seen).toEqual(["POST", "PUT 1", "PUT 2", "POST", "DELETE"]);
});

/** The beginning of an answer, behind which nothing comes, or which breaks off. */
const unended = (end?: (controller: ReadableStreamDefaultController) => void) =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("<I><UploadId>u")),
      pull: (controller) => (end ? end(controller) : new Promise(() => {})),
    }),
  );

test.each([
  ["falls silent", undefined],
  ["breaks off", (controller: ReadableStreamDefaultController) => controller.error(new Error("gone"))],
])("an answer that %s is the service's fault, and not that of whoever sends what is put", async (_, end) => {
  for (const [given, cut] of [
    ["list-type", "GET"],
    ["uploads", "POST"],
    ["uploadId", "POST"],
  ] as const) {
    const { options } = service((request) => {
      const { searchParams } = new URL(request.url);
      if (request.method === cut && searchParams.has(given)) return unended(end);
      if (searchParams.has("uploads")) return new Response("<I><UploadId>u</UploadId></I>");
      return searchParams.has("uploadId") ? new Response(null, { headers: { ETag: '"p"' } }) : undefined;
    });
    const store = s3(options);
    const stream = new Blob([new Uint8Array(9 * 1024 * 1024)]).stream();
    const done = given === "list-type" ? store.list("") : store.put("a", stream);
    await expect(done).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
});

test("a registry whose bucket falls silent asks its client to come again", async () => {
  const { options } = service((request) => {
    if (request.url.includes("list-type")) {
      return new Response("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
    }
    return new URL(request.url).searchParams.has("uploads") ? unended() : undefined;
  });
  const onError = vi.fn();
  const front = createFront({ store: s3(options), onError });
  const ask = (method: string, path: string, body?: ReadableStream) =>
    front(new Request(new URL(path, "http://front.test"), { method, body, duplex: "half" } as RequestInit));
  const location = (await ask("POST", "/v2/a/blobs/uploads/")).headers.get("location") as string;
  // Of no size that anybody knows, so it goes in parts.
  const answer = await ask("PATCH", location, new Blob([new Uint8Array(9 * 1024 * 1024)]).stream());
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "STORE_UNAVAILABLE" }));
});

test("credentials go nowhere over plain HTTP, but to this host, or where that is allowed", () => {
  const { options } = service();
  for (const endpoint of [
    "http://s3.example",
    "ftp://s3.example",
    "https://u:p@s3.example",
    "s3.example",
    "https://s3.example/?a",
  ]) {
    expect(() => s3({ ...options, endpoint })).toThrow(expect.objectContaining({ code: "INVALID_URL" }));
  }
  for (const endpoint of ["http://localhost:9000", "http://127.0.0.1", "http://[::1]:1/", "https://s3.example/base/"])
    s3({ ...options, endpoint });
  s3({ ...options, endpoint: "http://s3.example", plainHttp: true });
  for (const presign of [0, 604_801, 0.5]) {
    expect(() => s3({ ...options, presign })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});

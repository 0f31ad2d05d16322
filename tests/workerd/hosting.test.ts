/** A registry in workerd, on the bucket that it simulates: bodies go from sockets into the bucket and out again through the runtime's own streams. */
import { createHash, randomBytes } from "node:crypto";
import { Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { bundle, workerModules } from "../runtimes/bundle.mjs";

const file = await bundle("workerd", new URL("hosting.worker.ts", import.meta.url));
const worker = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  modules: workerModules(file),
  r2Buckets: ["BUCKET"],
  compatibilityDate: "2025-01-01",
  cf: false,
});
const url = await worker.ready;
afterAll(() => worker.dispose());

/** What Miniflare's own types need those of Workers for. */
interface Bucket {
  list(options: { prefix: string }): Promise<{ objects: { key: string }[] }>;
}

const MIB = 2 ** 20;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function ask(method: string, target: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(new URL(target, url), { method, ...init });
}

async function begin(repository: string): Promise<URL> {
  const begun = await ask("POST", `/v2/${repository}/blobs/uploads/`);
  expect(begun.status).toBe(202);
  return new URL(begun.headers.get("location") as string, url);
}

async function sendChunk(location: URL, start: number, body: Uint8Array<ArrayBuffer>): Promise<URL> {
  const headers = { "content-range": `${start}-${start + body.byteLength - 1}` };
  const sent = await ask("PATCH", location.href, { body, headers });
  expect([sent.status, sent.headers.get("range")]).toEqual([202, `0-${start + body.byteLength - 1}`]);
  return new URL(sent.headers.get("location") as string, url);
}

async function close(location: URL, digest: string, body?: Uint8Array<ArrayBuffer>): Promise<number> {
  location.searchParams.set("digest", digest);
  return (await ask("PUT", location.href, body && { body })).status;
}

/** Pushes in chunks of this size, of which the last comes with what closes the upload. */
async function push(repository: string, bytes: Uint8Array<ArrayBuffer>, chunk: number): Promise<string> {
  let location = await begin(repository);
  let at = 0;
  for (; at + chunk < bytes.byteLength; at += chunk) {
    location = await sendChunk(location, at, bytes.slice(at, at + chunk));
  }
  const digest = sha256(bytes);
  expect(await close(location, digest, bytes.slice(at))).toBe(201);
  return digest;
}

async function pulled(repository: string, digest: string): Promise<Uint8Array> {
  const response = await ask("GET", `/v2/${repository}/blobs/${digest}`);
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

test("an image that is pushed can be pulled, and is gone once it was deleted", async () => {
  const config = new TextEncoder().encode("{}");
  const layer = randomBytes(3_000_001);
  for (const bytes of [config, layer]) {
    const target = `/v2/image/blobs/uploads/?digest=${sha256(bytes)}`;
    expect((await ask("POST", target, { body: bytes })).status).toBe(201);
  }
  const described = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.byteLength,
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: described("application/vnd.oci.image.config.v1+json", config),
    layers: [described("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const put = await ask("PUT", "/v2/image/manifests/latest", { body: manifest, headers: { "content-type": MANIFEST } });
  expect(put.status).toBe(201);
  expect(await (await ask("GET", "/v2/image/manifests/latest")).text()).toBe(manifest);
  expect(sha256(await pulled("image", sha256(layer)))).toBe(sha256(layer));
  const digest = put.headers.get("docker-content-digest");
  for (const target of [`manifests/${digest}`, `blobs/${sha256(layer)}`]) {
    expect((await ask("DELETE", `/v2/image/${target}`)).status).toBe(202);
    expect((await ask("GET", `/v2/image/${target}`)).status).toBe(404);
  }
  expect((await ask("GET", "/v2/image/manifests/latest")).status).toBe(404);
});

test("a blob that comes in chunks is the one that was sent, also where they are no multiples of any buffer", {
  timeout: 60_000,
}, async () => {
  for (const chunk of [1_000_003, MIB, 4 * MIB]) {
    const bytes = new Uint8Array(randomBytes(2 * chunk + 77));
    expect(sha256(await pulled("chunks", await push("chunks", bytes, chunk)))).toBe(sha256(bytes));
  }
});

test("blobs that are pushed at the same time do not get one another's bytes", { timeout: 60_000 }, async () => {
  const blobs = Array.from({ length: 8 }, () => new Uint8Array(randomBytes(5 * MIB)));
  const digests = await Promise.all(blobs.map((bytes) => push("several", bytes, 2 * MIB)));
  const read = await Promise.all(digests.map(async (digest) => sha256(await pulled("several", digest))));
  expect(read).toEqual(blobs.map(sha256));
});

test("bytes of another digest close no upload, which goes on", async () => {
  const bytes = new Uint8Array(randomBytes(300_000));
  const location = await sendChunk(await begin("wrong"), 0, bytes.slice(0, 200_000));
  expect(await close(location, sha256(bytes), new Uint8Array(100_000))).toBe(400);
  expect(await close(location, sha256(bytes), bytes.slice(200_000))).toBe(201);
  expect(sha256(await pulled("wrong", sha256(bytes)))).toBe(sha256(bytes));
});

test("what is left of an upload is deleted once its end is answered, also where that has no body", async () => {
  const bucket = (await worker.getR2Bucket("BUCKET")) as unknown as Bucket;
  const keys = async (prefix: string) => (await bucket.list({ prefix })).objects.map(({ key }) => key);
  const ids: string[] = [];
  for (const ends of ["with nothing more", "cancelled"]) {
    const bytes = new Uint8Array(randomBytes(100_000));
    let location = await begin("left");
    for (let at = 0; at < bytes.byteLength; at += 5_000)
      location = await sendChunk(location, at, bytes.slice(at, at + 5_000));
    const id = location.pathname.split("/").at(-1) as string;
    ids.push(id);
    expect((await keys(`uploads/${id}/`)).length).toBeGreaterThan(40);
    if (ends === "cancelled") expect((await ask("DELETE", location.href)).status).toBe(204);
    else expect(await close(location, sha256(bytes))).toBe(201);
    await expect.poll(() => keys(`uploads/${id}/`), { timeout: 10_000 }).toEqual([]);
    if (ends !== "cancelled") expect(sha256(await pulled("left", sha256(bytes)))).toBe(sha256(bytes));
  }
  await expect.poll(() => keys(`segments/${ids[1]}/`), { timeout: 10_000 }).toEqual([]);
  expect(await keys(`segments/${ids[0]}/`)).toHaveLength(20);
});

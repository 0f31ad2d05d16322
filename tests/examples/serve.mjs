/** The registries of `examples/`, on Deno and on Bun: an image goes in, and comes back. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { pushLayout } from "../../scripts/lib/push-layout.mjs";
import { npmBin } from "../../scripts/lib/run.mjs";
import { check } from "../start/count.mjs";
import { fixtureLayout } from "../support/layout.mjs";
import { freePort, startServer } from "../support/server.mjs";
import { blobOf, manifestOf, sha256 } from "./registry.mjs";

/** Enough for several chunks of any host. */
const SIZE = 20_000_000;

const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
const RUNTIMES = {
  deno: { program: npmBin("deno"), options: ["run", "--quiet", "--no-prompt", ...PERMISSIONS] },
  bun: { program: npmBin("bun"), options: [] },
};

export async function examples({ image, scratch }) {
  for (const [name, { program, options }] of Object.entries(RUNTIMES)) {
    const folder = await installed(name, scratch);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = [...options, join(folder, "serve.ts"), join(folder, "store"), String(port)];
    const server = await startServer(program, args, { probe: `${url}/v2/` });
    try {
      await check(`${name}: an image is pushed, and comes back byte for byte`, async () => {
        await pushLayout(url, "hello", fixtureLayout);
        for (const { digest, bytes } of image.manifests.values())
          assert.equal((await manifestOf(url, "hello", digest)).digest, digest, String(bytes.length));
        for (const { digest, bytes } of image.blobs.values())
          assert.deepEqual(Buffer.from(await blobOf(url, "hello", digest)), bytes);
      });

      await check(`${name}: a blob that comes as a stream is kept, and a part of it can be read`, async () => {
        const bytes = randomBytes(SIZE);
        const digest = `sha256:${sha256(bytes).replace(/^sha256:/, "")}`;
        const body = new Blob([bytes]).stream();
        const post = await fetch(`${url}/v2/hello/blobs/uploads/`, { method: "POST" });
        const location = new URL(post.headers.get("location"), url);
        const patched = await fetch(location, { method: "PATCH", body, duplex: "half" });
        assert.equal(patched.status, 202, await patched.text());
        const end = new URL(patched.headers.get("location"), url);
        end.searchParams.set("digest", digest);
        assert.equal((await fetch(end, { method: "PUT" })).status, 201);
        const range = { headers: { range: `bytes=${SIZE - 1000}-` } };
        const part = await fetch(`${url}/v2/hello/blobs/${digest}`, range);
        assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(SIZE - 1000));
      });

      await check(`${name}: no page of another origin reads it, by whatever name`, async () => {
        const answer = await fetch(`${url}/v2/`, { headers: { origin: "https://page.example" } });
        assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [200, null]);
        for (const [host, status] of [
          [`localhost:${port}`, 200],
          [`page.example:${port}`, 403],
        ]) {
          const [response] = await once(get(`${url}/metrics`, { headers: { host } }), "response");
          response.resume();
          assert.equal(response.statusCode, status, host);
        }
      });

      await check(`${name}: its counters say so`, async () => {
        const text = await (await fetch(`${url}/metrics`)).text();
        assert.match(text, /^pierhead_requests_total\{operation="blob",method="GET",status="206",outcome="ok"\} 1$/m);
      });
    } finally {
      await server.close();
    }
  }
}

/** A copy of the example, for which what is built here is the installed package. */
async function installed(name, scratch) {
  const copy = join(scratch, `serve-${name}`);
  await mkdir(copy);
  await cp(join(root, "examples", name, "serve.ts"), join(copy, "serve.ts"));
  for (const part of ["package.json", "dist", "pkg"])
    await cp(join(root, part), join(copy, "node_modules", "pierhead", part), { recursive: true });
  await writeFile(join(copy, "package.json"), JSON.stringify({ private: true, dependencies: { pierhead: "*" } }));
  await writeFile(join(copy, "deno.json"), JSON.stringify({ nodeModulesDir: "manual" }));
  return copy;
}

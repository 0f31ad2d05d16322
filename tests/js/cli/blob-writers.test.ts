/** Blobs that a thread of their own hashes and writes: whole and verified, or not there. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { DigestMismatchError, TransferError } from "pierhead";
import { openLayout, type ReadableLayout } from "pierhead/layout";
import { afterAll, describe, expect, test } from "vitest";
import { BlobWriters } from "../../../dist/cli/threads/blob-writers.js";
import { chunked } from "../layout/tar.ts";
import { addImage, addIndex, makeLayout } from "./image.ts";
import { pierhead, scratch, serve, start, TIMEOUT } from "./run.ts";

const MIB = 1024 * 1024;
const THREAD = new URL("../../../dist/cli/threads/blob-thread.js", import.meta.url);

const cwd = await scratch();
const started: BlobWriters[] = [];
afterAll(() => Promise.all(started.map((writers) => writers.close())));

/** Bytes that differ from one place to another, and from one number to another. */
function bytesOf(size: number, number = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => (index * number + (index >> 8)) & 255);
}

function descriptorOf(bytes: Uint8Array, algorithm = "sha256") {
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  return { mediaType: "application/octet-stream", digest, size: bytes.length, annotations: {}, urls: [] };
}

function startWriters(script = THREAD): BlobWriters {
  const writers = new BlobWriters(script);
  started.push(writers);
  return writers;
}

/** A thread that does what a text says. */
function thread(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

let count = 0;

/** A new layout, all blobs of which a thread writes. */
async function layoutOf(
  writers = startWriters(),
): Promise<{ layout: ReadableLayout; folder: string; taken: number[] }> {
  count += 1;
  const folder = join(cwd, `layout-${count}`);
  const taken: number[] = [];
  const layout = await openLayout(folder, {
    create: true,
    writer: (handle, blob) => {
      const writer = writers.open(handle, blob);
      if (writer !== undefined) taken.push(blob.size);
      return writer;
    },
  });
  return { layout, folder, taken };
}

function expectNothing(folder: string): void {
  expect(readdirSync(folder).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  expect(
    readdirSync(join(folder, "blobs"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile()),
  ).toEqual([]);
}

function fileOf(folder: string, digest: string): Buffer {
  return readFileSync(join(folder, "blobs", digest.replace(":", "/")));
}

describe("a layout whose blobs a thread writes", TIMEOUT, () => {
  test.each(["sha256", "sha512"])("has them byte by byte, verified by %s", async (algorithm) => {
    const { layout, folder, taken } = await layoutOf();
    const sizes = [0, 1, 256 * 1024, 3 * MIB + 17];
    const blobs = sizes.map((size, index) => bytesOf(size, index + 1));
    await Promise.all(blobs.map((bytes) => layout.put(descriptorOf(bytes, algorithm), chunked(bytes, 65_537))));
    expect(taken.sort((one, other) => one - other)).toEqual(sizes);
    for (const bytes of blobs) expect(fileOf(folder, descriptorOf(bytes, algorithm).digest).equals(bytes)).toBe(true);
  });

  test("has none of another digest", async () => {
    const { layout, folder } = await layoutOf();
    const [asked, sent] = [bytesOf(2 * MIB, 1), bytesOf(2 * MIB, 3)];
    const error = await layout.put(descriptorOf(asked), chunked(sent, 100_000)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DigestMismatchError);
    const { expected, actual } = error as DigestMismatchError;
    expect({ expected, actual }).toEqual({ expected: descriptorOf(asked).digest, actual: descriptorOf(sent).digest });
    expectNothing(folder);
  });

  test.each([
    ["too few", -1, "BODY_TRUNCATED"],
    ["too many", 1, "SIZE_MISMATCH"],
  ])("has none of %s bytes", async (_, difference, code) => {
    const { layout, folder } = await layoutOf();
    const bytes = bytesOf(2 * MIB);
    const descriptor = { ...descriptorOf(bytes), size: bytes.length - difference };
    await expect(layout.put(descriptor, chunked(bytes, 100_000))).rejects.toMatchObject({ code });
    expectNothing(folder);
  });

  test("has none whose source fails, or that was given up, and takes it afterwards", async () => {
    const { layout, folder } = await layoutOf();
    const bytes = bytesOf(2 * MIB);
    const half = (end: (controller: ReadableStreamDefaultController<Uint8Array>) => void) => {
      let begun = false;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (begun) return end(controller);
          begun = true;
          controller.enqueue(bytes.slice(0, MIB + 5));
        },
      });
    };
    const failing = half((controller) => controller.error(new Error("cut")));
    await expect(layout.put(descriptorOf(bytes), failing)).rejects.toBeInstanceOf(TransferError);
    expectNothing(folder);

    const abort = new AbortController();
    const reason = new Error("enough");
    const silent = half(() => abort.abort(reason));
    await expect(layout.put(descriptorOf(bytes), silent, { signal: abort.signal })).rejects.toBe(reason);
    expectNothing(folder);

    await layout.put(descriptorOf(bytes), chunked(bytes, 100_000));
    expect(fileOf(folder, descriptorOf(bytes).digest).equals(bytes)).toBe(true);
  });

  test("has none that its thread broke off at, and writes the next one without it", async () => {
    const failing = `
      import { parentPort } from "node:worker_threads";
      let pieces = 0;
      parentPort.on("message", ({ kind, file, buffer }) => {
        if (kind === "piece" && ++pieces === 3) throw new Error("broken");
        if (kind === "piece") parentPort.postMessage({ kind, file, buffer }, [buffer]);
      });`;
    const { layout, folder, taken } = await layoutOf(startWriters(thread(failing)));
    const bytes = bytesOf(20 * MIB);
    const descriptor = descriptorOf(bytes);
    await expect(layout.put(descriptor, chunked(bytes, MIB))).rejects.toMatchObject({
      code: "INTERNAL",
      cause: { message: "broken" },
    });
    expectNothing(folder);
    await layout.put(descriptor, chunked(bytes, MIB));
    expect(taken).toEqual([bytes.length]);
    expect(fileOf(folder, descriptor.digest).equals(bytes)).toBe(true);
  });

  test("leaves what only this thread can hash to it", async () => {
    const { layout, taken } = await layoutOf();
    const descriptor = { ...descriptorOf(bytesOf(1)), digest: `blake3:${"0".repeat(64)}` };
    await expect(layout.put(descriptor, chunked(bytesOf(1)))).rejects.toBeInstanceOf(DigestMismatchError);
    expect(taken).toEqual([]);
  });
});

describe("a file that a thread writes", TIMEOUT, () => {
  const blob = descriptorOf(bytesOf(1));

  async function writing(handle: FileHandle, size: number) {
    const writer = startWriters().open(handle, blob);
    if (writer === undefined) throw new Error("there is no writer");
    const error = await writer
      .write(bytesOf(size))
      .then(() => writer.end())
      .catch((thrown) => thrown);
    await writer.stop();
    return error;
  }

  test.runIf(existsSync("/dev/full"))("fails as the file system says where there is no room", async () => {
    const handle = await open("/dev/full", "w");
    try {
      // More than is in flight at once: who still writes has to be told, too.
      for (const size of [10, 20 * MIB]) {
        const error = await writing(handle, size);
        expect(error).toMatchObject({ code: "ENOSPC", syscall: "write" });
        expect(error.message).toContain("no space left");
      }
    } finally {
      await handle.close();
    }
  });

  test("fails where it cannot be written to", async () => {
    const handle = await open(new URL(import.meta.url), "r");
    try {
      expect(await writing(handle, MIB)).toMatchObject({ syscall: "write" });
    } finally {
      await handle.close();
    }
  });

  test("takes no more than is in flight while nothing is written", async () => {
    // It does nothing until it is told to end.
    const idle = `
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ kind, file }) => kind === "close" && parentPort.postMessage({ kind, file, encoded: "" }));`;
    const writers = startWriters(thread(idle));
    const path = join(cwd, "idle");
    const handles = await Promise.all([0, 1, 2].map((number) => open(`${path}-${number}`, "wx")));
    let bytes = 0;
    const piece = bytesOf(64 * 1024);
    const files = handles.flatMap((handle) => writers.open(handle, blob) ?? []);
    for (const file of files) {
      const pump = async () => {
        for (;;) {
          await file.write(piece);
          bytes += piece.length;
        }
      };
      pump().catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(files).toHaveLength(3);
    expect(bytes).toBeGreaterThan(6 * MIB);
    // And what each file gathers beside.
    expect(bytes).toBeLessThanOrEqual(8 * MIB + 3 * 512 * 1024);
    await writers.close();
    await Promise.all(files.map((file) => file.stop()));
    await Promise.all(handles.map((handle) => handle.close()));
  });

  test("needs a thread that keeps no process which has nothing to write", async () => {
    const module = new URL("../../../dist/cli/threads/blob-writers.js", import.meta.url);
    const code = `import { BlobWriters } from "${module}"; new BlobWriters(new URL("${THREAD}"));`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], { timeout: 10_000 });
    await expect(run).resolves.toEqual({ stdout: "", stderr: "" });
  });

  test("is none where too many are open", async () => {
    const writers = startWriters();
    const handle = await open(join(cwd, "many"), "wx");
    const files = Array.from({ length: 65 }, () => writers.open(handle, blob));
    expect(files.map((file) => file !== undefined)).toEqual([...Array(64).fill(true), false]);
    await Promise.all(files.map((file) => file?.stop()));
    expect(writers.open(handle, blob)).toBeDefined();
    await writers.close();
    await handle.close();
  });
});

describe("pierhead pull of a large layer", TIMEOUT, () => {
  const layer = "0123456789abcdef".repeat((3 * MIB) / 16);
  const source = join(cwd, "source");
  mkdirSync(source);
  makeLayout(source);
  const manifest = addImage(source, layer);
  addIndex(source, [manifest]);
  const { digest } = descriptorOf(new TextEncoder().encode(layer));
  const large = `sha256/${digest.slice("sha256:".length)}`;

  /** A registry with the image, whose layer is answered as told. */
  async function registry(answer: Parameters<typeof serve>[0]): Promise<string> {
    return await serve((request, response) => {
      const [, wanted = ""] = /\/(?:blobs|manifests)\/(.+)$/.exec(request.url ?? "") ?? [];
      if (wanted === digest) {
        answer(request, response);
        return;
      }
      const mediaType = wanted === "1" || wanted === manifest.digest ? manifest.mediaType : "application/octet-stream";
      const bytes = readFileSync(join(source, "blobs", (wanted === "1" ? manifest.digest : wanted).replace(":", "/")));
      response.writeHead(200, { "Content-Type": mediaType, "Content-Length": String(bytes.length) }).end(bytes);
    });
  }

  const headers = { "Content-Length": String(layer.length) };

  test("writes it", async () => {
    const host = await registry((_, response) => void response.writeHead(200, headers).end(layer));
    expect(await pierhead(["pull", `${host}/image:1`, "-o", "pulled"], { cwd })).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, "pulled", "blobs", large), "latin1") === layer).toBe(true);
  });

  test("has nothing of it where it is another", async () => {
    const host = await registry((_, response) => void response.writeHead(200, headers).end(layer.replace("f", "g")));
    const result = await pierhead(["pull", `${host}/image:1`, "-o", "other"], { cwd });
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(digest);
    expect(existsSync(join(cwd, "other", "blobs", large))).toBe(false);
    const left = readdirSync(cwd, { recursive: true, encoding: "utf8" });
    expect(left.filter((path) => path.startsWith("other") && (path.endsWith(".tmp") || path.endsWith(large)))).toEqual(
      [],
    );
  });

  test("leaves nothing half-written when it is interrupted", async () => {
    let arrived = () => {};
    const asked = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const host = await registry((_, response) => {
      response.writeHead(200, headers);
      // And then nothing.
      response.write(layer.slice(0, 2 * MIB), arrived);
    });
    const { process, ended } = start(["pull", `${host}/image:1`, "-o", "broken"], { cwd });
    await asked;
    const files = () => readdirSync(join(cwd, "broken")).filter((name) => name.endsWith(".tmp"));
    await expect.poll(files, { timeout: 10_000 }).toHaveLength(1);
    process.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "" });
    expect(existsSync(join(cwd, "broken")) ? files() : []).toEqual([]);
  });
});

/** What it takes to read and to copy an archive of a gigabyte: not more than for one of 64 MiB. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scratch, tar } from "./tar.ts";

const MEMORY = fileURLToPath(new URL("memory.mjs", import.meta.url));
const MiB = 1024 * 1024;
const folder = await scratch();

/** A sparse archive of a layout with one blob of zeros. */
async function sparse(size: number): Promise<{ path: string; digest: string }> {
  const hash = createHash("sha256");
  const zeros = Buffer.alloc(MiB);
  for (let at = 0; at < size; at += zeros.byteLength) hash.update(zeros);
  const digest = `sha256:${hash.digest("hex")}`;
  const path = join(folder, `${size}.tar`);
  const file = await open(path, "w");
  const blob = { name: `blobs/${digest.replace(":", "/")}`, size };
  const header = { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' };
  const before = tar([header, blob], 0);
  const index = { name: "index.json", content: '{"schemaVersion":2,"manifests":[]}' };
  await file.write(before);
  await file.write(tar([index]), 0, null, before.byteLength + size);
  await file.close();
  return { path, digest };
}

/** The most memory that a process has while it copies, in MiB. */
async function peak(size: number, ...more: string[]): Promise<number> {
  const { path, digest } = await sparse(size);
  const target = join(folder, `target-${size}`);
  const { mkdir } = await import("node:fs/promises");
  await mkdir(target, { recursive: true });
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [MEMORY, path, target, digest, String(size), ...more]);
  expect((await stat(join(target, "again.tar"))).size).toBeGreaterThan(size);
  await rm(target, { recursive: true });
  return Number(stdout) / 1024;
}

/** MiB that a peak may be off by: the heap is collected when it has grown, not before. What a blob takes would be far more. */
const SLACK = 64;

// Not against less than this: a heap that was never full has nothing to compare with.
const FULL = 64 * MiB;

test("a gigabyte takes no more memory than 64 MiB", { timeout: 120_000 }, async () => {
  const [small, large] = [await peak(FULL), await peak(1024 * MiB)];
  expect(large - small).toBeLessThan(SLACK);
});

test("nor does a stream, which is spooled", { timeout: 120_000 }, async () => {
  const [small, large] = [await peak(FULL, "spool"), await peak(512 * MiB, "spool")];
  expect(large - small).toBeLessThan(SLACK);
});

/** Several processes at one layout, and processes that are killed in the middle. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { validateLayout } from "pierhead";
import { layoutFiles, openLayout } from "pierhead/layout";
import { expect, test } from "vitest";
import { add, all, content, image, REF_NAME } from "./images.ts";
import { scratch } from "./tar.ts";

const WRITER = fileURLToPath(new URL("writer.mjs", import.meta.url));
const folder = await scratch();

function writer(...args: string[]): ChildProcess {
  return spawn(process.execPath, [WRITER, ...args], { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
}

test("processes that write at once lose nothing of one another's", { timeout: 60_000 }, async () => {
  const path = join(folder, "shared");
  const [writers, images] = [4, 12];
  const children = Array.from({ length: writers }, (_, index) => writer(path, `writer${index}`, String(images)));
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual(Array.from({ length: writers }, () => 0));
  const layout = await openLayout(path);
  const names = (await layout.manifests()).map(({ annotations }) => annotations[REF_NAME]);
  for (let index = 0; index < writers; index += 1) {
    for (let each = 0; each < images; each += 1) expect(names).toContain(`writer${index}-${each}`);
  }
  expect(names.filter((name) => name === "latest")).toHaveLength(1);
  expect(names).toHaveLength(writers * images + 1);
  for (const { report } of await all(validateLayout(layoutFiles(path)))) expect(report.valid).toBe(true);
  expect(readdirSync(path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
});

test("a process that is killed leaves nothing under a name, and what it leaves goes in time", async () => {
  const path = join(folder, "killed");
  const child = writer(path, "stall");
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  const layout = await openLayout(path);
  expect(existsSync(join(path, "blobs", "sha256"))).toBe(false);
  const [left = "", ...others] = readdirSync(path).filter((name) => name.endsWith(".tmp"));
  expect(readFileSync(join(path, left)).byteLength).toBeGreaterThan(0);
  expect(others).toEqual([]);
  for (const { report } of await all(validateLayout(layoutFiles(path)))) expect(report.issues).toEqual([]);

  const old = new Date(Date.now() - 3 * 60 * 60 * 1000);
  await utimes(join(path, left), old, old);
  await add(layout, image(), "1.0");
  expect(readdirSync(path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
});

test("a lock that its holder took to its death is broken, and not before it is clear", {
  timeout: 30_000,
}, async () => {
  const path = join(folder, "locked");
  const child = writer(path, "hold");
  await once(child.stdout as NodeJS.ReadableStream, "data");
  await once(child, "exit");
  const layout = await openLayout(path);
  const begun = performance.now();
  // Both wait for it; one breaks it, and neither loses what the other writes.
  const other = await openLayout(path);
  await Promise.all([add(layout, image("one"), "1.0"), add(other, image("two"), "2.0")]);
  expect(performance.now() - begun).toBeGreaterThan(4_500);
  expect(await layout.resolve("1.0")).toBeDefined();
  expect(await layout.resolve("2.0")).toBeDefined();
  expect(readdirSync(path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
});

test("a lock whose holder shows signs of life is waited for, until the signal", { timeout: 30_000 }, async () => {
  const path = join(folder, "held");
  const layout = await openLayout(path, { create: true });
  const lock = join(path, "index.json.lock");
  await writeFile(lock, "another");
  const beat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => {}), 500);
  try {
    const { descriptor, bytes } = content("text/plain", "abc");
    await layout.put(descriptor, new Blob([bytes]).stream());
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 7_000);
    await expect(layout.tag(descriptor, "1.0", { signal: controller.signal })).rejects.toBe(reason);
    expect(readFileSync(lock, "utf8")).toBe("another");
  } finally {
    clearInterval(beat);
  }
});

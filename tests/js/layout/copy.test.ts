/** Copies into folders in which something is already. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copy, Registry } from "pierhead/client";
import { openLayout } from "pierhead/layout";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRegistry } from "../../support/registry.mjs";
import { scratch } from "./tar.ts";

const LAYER = "00e09f27b6aba40f594cc12e0f925f7c151ed7abeab17231ba9fcb8c7448f341";
const folder = await scratch();

let registry: Awaited<ReturnType<typeof startRegistry>>;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

test("a file of the right name and size is replaced where it has other bytes, and left alone where it has not", async () => {
  const repository = new Registry(registry.url).repository("hello");
  const layout = await openLayout(join(folder, "layout"), { create: true });
  const statusOfLayer = async () => {
    let found: string | undefined;
    await copy(
      { repository, reference: "1.0" },
      { layout, reference: "1.0" },
      {
        onProgress: ({ digest, status }) => {
          if (digest.endsWith(LAYER)) found = status;
        },
      },
    );
    return found;
  };
  expect(await statusOfLayer()).toBe("copied");
  expect(await statusOfLayer()).toBe("existed");

  const file = join(folder, "layout", "blobs", "sha256", LAYER);
  const right = await readFile(file);
  await writeFile(file, Buffer.alloc(right.length));
  expect(await statusOfLayer()).toBe("copied");
  expect(await readFile(file)).toEqual(right);
});

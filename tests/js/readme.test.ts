import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry } from "../support/registry.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = await readFile(join(root, "README.md"), "utf8");

/** A program, and the block that follows it: what it prints. */
const PROGRAM =
  /^### (?<title>.+)$(?:(?!^#)[\s\S])*?^```js\n(?<program>[\s\S]+?)^```\n+^```text\n(?<printed>[\s\S]+?)^```/gm;
const programs = [...readme.matchAll(PROGRAM)].map(({ groups }) => groups as Record<string, string>);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let folder: string;
beforeAll(async () => {
  registry = await startRegistry();
  // Inside the checkout, where the package's own name leads to it.
  await mkdir(join(root, ".pierhead"), { recursive: true });
  folder = await mkdtemp(join(root, ".pierhead", "readme-"));
});
afterAll(async () => {
  await registry.close();
  await rm(folder, { recursive: true });
});

test("every JavaScript block of the README is followed by what it prints", () => {
  expect(programs.length).toBe(readme.match(/^```js$/gm)?.length);
});

describe("the README's programs print what it says", () => {
  test.each(programs)("$title", async ({ title = "", program = "", printed }) => {
    const path = join(folder, `${title.replaceAll(/\W+/g, "-")}.mjs`);
    const host = new URL(registry.url).host;
    // A repository that can be written to.
    const named = program.replaceAll("shop/cart", "manifests/new/cart");
    await writeFile(path, named.replaceAll("127.0.0.1:5000", host));
    const { stdout } = await promisify(execFile)(process.execPath, [path], { cwd: root, timeout: 20_000 });
    expect(stdout).toBe(printed);
  });
});

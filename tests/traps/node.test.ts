import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { bundle } from "../runtimes/bundle.mjs";
import { trappingModule } from "../support/trapping.mjs";

const { run } = (await import(
  pathToFileURL(await bundle("node", new URL("run.ts", import.meta.url))).href
)) as typeof import("./run.ts");

// An exception that nobody catches fails the run by itself.
const results = await run(new WebAssembly.Module(trappingModule() as Uint8Array<ArrayBuffer>));

test.each(results)("$name", ({ error }) => {
  expect(error).toBeUndefined();
});

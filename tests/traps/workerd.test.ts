import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { bundle } from "../runtimes/bundle.mjs";
import type { Result } from "../runtimes/case.ts";
import { trappingModule } from "../support/trapping.mjs";

const output: string[] = [];
const worker = new Miniflare({
  modules: [
    {
      type: "ESModule",
      path: "worker.mjs",
      contents: readFileSync(await bundle("workerd", new URL("worker.ts", import.meta.url)), "utf8"),
    },
    { type: "CompiledWasm", path: "trapping.wasm", contents: trappingModule() },
  ],
  compatibilityDate: "2025-01-01",
  handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
    for (const stream of [stdout, stderr]) stream.on("data", (chunk: Uint8Array) => output.push(String(chunk)));
  },
});
afterAll(() => worker.dispose());

const results = (await (await worker.dispatchFetch("http://traps.test")).json()) as Result[];

test.each(results)("$name", ({ error }) => {
  expect(error).toBeUndefined();
});

test("nothing is uncaught", () => {
  expect(output.join("")).not.toMatch(/uncaught|unhandled/i);
});

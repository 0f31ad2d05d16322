import { pathToFileURL } from "node:url";
import { Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { bundleSuite, workerModules } from "./bundle.mjs";
import type { Result } from "./case.ts";
import { startFacts } from "./facts.mjs";

/** The oldest date whose behaviour the package supports. */
const COMPATIBILITY_DATE = "2025-01-01";

const bundle = await bundleSuite("workerd");
const { facts, close } = await startFacts("workerd");
const worker = new Miniflare({
  modules: workerModules(bundle),
  compatibilityDate: COMPATIBILITY_DATE,
  cf: false,
});
afterAll(async () => {
  await worker.dispose();
  await close();
});

const origin = "http://suite.test";
const names = (await (await worker.dispatchFetch(origin)).json()) as string[];

test("workerd has the cases that Node has", async () => {
  const node = (await import(pathToFileURL(await bundleSuite("node")).href)) as typeof import("./suite.ts");
  expect(names).toEqual(node.cases.map(({ name }) => name));
});

test.each(names)("%s", { timeout: 40_000 }, async (name) => {
  const response = await worker.dispatchFetch(origin, {
    method: "POST",
    body: JSON.stringify({ name, facts }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the worker answered ${response.status}: ${text}`);
  const { error } = JSON.parse(text) as Result;
  if (error !== undefined) throw new Error(error);
});

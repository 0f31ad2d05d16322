import { pathToFileURL } from "node:url";
import { afterAll, test } from "vitest";
import { bundleSuite } from "./bundle.mjs";
import { startFacts } from "./facts.mjs";

const { cases, runNamed } = (await import(
  pathToFileURL(await bundleSuite("node")).href
)) as typeof import("./suite.ts");
const { facts, close } = await startFacts("node");
afterAll(close);

test.each(cases.map(({ name }) => name))("%s", { timeout: 40_000 }, async (name) => {
  const result = await runNamed(name, facts);
  if (result?.error !== undefined) throw new Error(result.error);
});

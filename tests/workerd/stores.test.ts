/** The stores of Workers, in workerd, on the bucket that it simulates. */
import { Miniflare } from "miniflare";
import { afterAll, describe, expect, test } from "vitest";
import { bundle, workerModules } from "../runtimes/bundle.mjs";

const file = await bundle("workerd", new URL("stores.worker.ts", import.meta.url));
const worker = new Miniflare({
  modules: workerModules(file),
  r2Buckets: ["BUCKET"],
  compatibilityDate: "2025-01-01",
  cf: false,
});
afterAll(() => worker.dispose());

async function ask(order: { store: string; name?: string }): Promise<unknown> {
  const response = await worker.dispatchFetch("http://stores.test", { method: "POST", body: JSON.stringify(order) });
  if (!response.ok) throw new Error(`the worker answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

describe.each(["r2", "memory"])("the contract, %s", async (store) => {
  const names = (await ask({ store })) as string[];
  test.each(names)("%s", { timeout: 60_000 }, async (name) => {
    expect(await ask({ store, name })).toEqual({});
  });
});

test("what comes sooner than R2 takes it is STORE_BUSY, and was not done", async () => {
  const busy = "STORE_BUSY";
  const said = { first: "put", bytes: busy, stream: busy, parts: busy, other: "put", size: 3 };
  expect(await ask({ store: "r2", name: "hurry" })).toEqual(said);
});

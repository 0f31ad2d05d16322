import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Registry } from "../../dist/entry/client.js";

beforeEach(() => {
  // Timers that never fire, as those of a request that workerd dropped.
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const headersTimeout = 1_000;

test("an operation whose timers are lost is ended by the next one, once twice its time has passed", async () => {
  const lost = new Registry("registry.test", { headersTimeout, fetch: () => new Promise(() => {}) }).ping();
  const ended = vi.fn();
  lost.catch(ended);

  vi.setSystemTime(Date.now() + 2 * headersTimeout - 1);
  const other = new Registry("registry.test", { fetch: async () => new Response("{}") });
  await other.ping();
  expect(ended).not.toHaveBeenCalled();

  vi.setSystemTime(Date.now() + headersTimeout);
  await other.ping();
  await expect(lost).rejects.toMatchObject({ name: "TransferError", code: "TIMEOUT" });
});

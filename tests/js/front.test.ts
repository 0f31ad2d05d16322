import { expect, test, vi } from "vitest";
import { createFront } from "../../dist/entry/front.js";

const upstream = { url: "https://upstream.test", fetch: async () => new Response("{}") };

test("what should not fail is answered with the specification's error body, and told to the operator", async () => {
  const onError = vi.fn();
  const front = createFront({ upstream, onError });
  for (const method of ["GET", "HEAD"]) {
    const broken = { url: "no URL", method, headers: new Headers(), signal: new AbortController().signal };
    const response = await front(broken as Request);
    expect([response.status, response.headers.get("content-type")]).toEqual([500, "application/json"]);
    const text = await response.text();
    if (method === "HEAD") expect(text).toBe("");
    else expect(JSON.parse(text)).toEqual({ errors: [{ code: "UNKNOWN", message: "the front failed" }] });
  }
  expect(onError).toHaveBeenCalledTimes(2);
});

test("a request that its client gave up rejects, and is no failure of the front", async () => {
  const onError = vi.fn();
  const reason = new Error("gone");
  const front = createFront({ upstream, onError });
  const request = new Request("http://front.test/v2/a/manifests/b", { signal: AbortSignal.abort(reason) });
  await expect(front(request)).rejects.toThrow();
  expect(onError).not.toHaveBeenCalled();
});

test.each([{ cors: "https://page.test" }, { cors: [1] }, { cors: true }, { upstream: 1 }, { upstream: { url: null } }])(
  "options of other types are refused: %j",
  (wrong) => {
    expect(() => createFront({ upstream, ...wrong } as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  },
);

test("a body of something other than bytes is refused", async () => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue("text");
      controller.close();
    },
  });
  const { Registry } = await import("../../dist/entry/client.js");
  const registry = new Registry("registry.test", { fetch: async () => new Response(body) });
  await expect(registry.repository("a").manifests.get("b")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

/** Browsers of two years ago, and Safari since 16.4, lack `AbortSignal.any`. */
import { digest } from "pierhead";
import { Registry } from "pierhead/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { any } = AbortSignal;
beforeAll(() => {
  Reflect.deleteProperty(AbortSignal, "any");
});
afterAll(() => {
  AbortSignal.any = any;
});

describe("a client that is given a signal", () => {
  const content = "some content";

  test("needs nothing that is younger", async () => {
    const sent: (AbortSignal | null | undefined)[] = [];
    const fetch = async (_: unknown, init?: RequestInit) => {
      sent.push(init?.signal);
      return new Response(content);
    };
    const { blobs } = new Registry("registry.example", { fetch }).repository("a");
    const abort = new AbortController();
    const { body } = await blobs.get(digest(content), { signal: abort.signal });
    expect(await new Response(body).text()).toBe(content);
    // What has ended hears of it no longer.
    abort.abort();
    expect(sent.map((signal) => signal?.aborted)).toEqual([false]);
  });

  test("gives up its request for the signal's reason", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const fetch = (_: unknown, init?: RequestInit) =>
      new Promise<Response>((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
        abort.abort(reason);
      });
    const { blobs } = new Registry("registry.example", { fetch }).repository("a");
    await expect(blobs.get(digest(content), { signal: abort.signal })).rejects.toBe(reason);
  });

  test("fails while it reads the body, when the signal says so", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    let cancelled: unknown;
    const silent = () =>
      new ReadableStream<Uint8Array>({
        cancel(given) {
          cancelled = given;
        },
      });
    const fetch = async () => new Response(silent());
    const { blobs } = new Registry("registry.example", { fetch }).repository("a");
    const { body } = await blobs.get(digest(content), { signal: abort.signal });
    const text = new Response(body).text();
    abort.abort(reason);
    await expect(text).rejects.toBe(reason);
    expect(cancelled).toBe(reason);
  });
});

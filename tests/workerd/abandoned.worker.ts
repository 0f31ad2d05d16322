/** A registry over a store that takes long: what it is still at when its request is over is given up by another one. */
import { createFront } from "pierhead/front";
import { memory } from "pierhead/stores/memory";

const store = memory();
const never = () => new Promise<never>(() => {});
/** Milliseconds that the clock is fast. */
let fast = 0;
const now = Date.now;
Date.now = () => now() + fast;
let isSlow = false;
const errors: string[] = [];

const front = () =>
  createFront({
    store: {
      ...store,
      get: async (key, options) => (isSlow && key.startsWith("tags/") ? await never() : await store.get(key, options)),
      delete: never,
    },
    onError: (error) => errors.push(String(error)),
  });
let made: ReturnType<typeof front> | undefined;

type Context = Parameters<ReturnType<typeof createFront>>[1];

export default {
  async fetch(request: Request, _: unknown, context: Context): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/forward") fast += Number(search.slice(1));
    if (pathname === "/slow") isSlow = search === "?on";
    if (pathname === "/errors") return Response.json(errors.splice(0));
    if (!pathname.startsWith("/v2/")) return new Response();
    made ??= front();
    return await (request.headers.has("x-context") ? made(request, context) : made(request));
  },
};

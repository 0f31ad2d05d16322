/** The Worker of `examples/worker`, whose clock the test moves on: `POST /advance` brings milliseconds. */
import example from "../../examples/worker/index.ts";

let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;

export default {
  ...example,

  async fetch(request: Request, env: never, context: { waitUntil(promise: Promise<unknown>): void }) {
    if (new URL(request.url).pathname !== "/advance") return await example.fetch(request, env, context);
    ahead += Number(await request.text());
    return new Response();
  },
};

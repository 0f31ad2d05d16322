/** A front over the registry that the test names; `/pending` says how many of its operations have not ended. */
import { createFront } from "pierhead/front";
import { frontCore } from "../../dist/core/front.js";

let front: ReturnType<typeof createFront> | undefined;

export default {
  async fetch(request: Request, env: { UPSTREAM: string }): Promise<Response> {
    if (new URL(request.url).pathname === "/pending") return new Response(String(frontCore.pending));
    front ??= createFront({ upstream: { url: env.UPSTREAM, headersTimeout: 500, idleTimeout: 500 } });
    return await front(request);
  },
};

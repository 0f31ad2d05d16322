/** The smallest Worker: a front over the registry that the test names. */
import { createFront } from "pierhead/front";

let front: ReturnType<typeof createFront> | undefined;

export default {
  async fetch(request: Request, env: { UPSTREAM: string }): Promise<Response> {
    front ??= createFront({ upstream: { url: env.UPSTREAM, headersTimeout: 500, idleTimeout: 500 } });
    return await front(request);
  },
};

import { createFront, type Front } from "pierhead/front";

interface Env {
  /** The registry to read from, such as `https://registry-1.docker.io`. */
  readonly UPSTREAM: string;
}

// One for all requests: the front holds no state of any of them.
let front: Front | undefined;

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    front ??= createFront({ upstream: env.UPSTREAM });
    return front(request);
  },
};

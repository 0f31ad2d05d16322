/** A registry over the bucket that the runtime simulates. */
import { createFront } from "pierhead/front";
import { r2 } from "pierhead/stores/r2";

let front: ReturnType<typeof createFront> | undefined;

type Context = Parameters<ReturnType<typeof createFront>>[1];

export default {
  async fetch(request: Request, env: { BUCKET: Parameters<typeof r2>[0] }, context: Context): Promise<Response> {
    front ??= createFront({ store: r2(env.BUCKET) });
    return await front(request, context);
  },
};

/** The Worker of `validate.mjs`: each path is one contender, and the time is taken outside. */
import { contenders } from "./validate.contenders.mjs";

export default {
  async fetch(request) {
    await contenders[new URL(request.url).pathname.slice(1)]();
    return new Response();
  },
};

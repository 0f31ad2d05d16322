/** The cases in workerd, which lets no module be compiled at run time. */

import { run } from "./run.ts";
import module from "./trapping.wasm";

export default {
  async fetch(): Promise<Response> {
    return Response.json(await run(module));
  },
};

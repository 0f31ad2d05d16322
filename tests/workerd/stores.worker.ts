/** The contract of stores in a Worker: each request runs one case, because workerd ties I/O to the request that began it. */
import { storeContract } from "pierhead/stores/contract";
import { memory } from "pierhead/stores/memory";
import { r2 } from "pierhead/stores/r2";

type Bucket = Parameters<typeof r2>[0];

const held = memory();

export default {
  async fetch(request: Request, env: { BUCKET: Bucket }): Promise<Response> {
    const stores = { r2: () => r2(env.BUCKET), memory: () => held };
    const { store, name } = (await request.json()) as { store: keyof typeof stores; name?: string };
    const cases = storeContract(async () => stores[store]());
    if (name === undefined) return Response.json(cases.map((each) => each.name));
    try {
      const one = cases.find((each) => each.name === name);
      if (one === undefined) throw new Error("there is no such case");
      await one.run();
      return Response.json({});
    } catch (error) {
      return Response.json({
        error: error instanceof Error ? `${error.stack}` : String(error),
        cause: String((error as Error).cause),
      });
    }
  },
};

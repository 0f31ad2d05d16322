/** The contract of stores in a Worker: each request runs one case, because workerd ties I/O to the request that began it. */
import { storeContract } from "pierhead/stores/contract";
import { memory } from "pierhead/stores/memory";
import { r2 } from "pierhead/stores/r2";

type Bucket = Parameters<typeof r2>[0];

const held = memory();

/** The bucket as R2 is beside its simulation: it takes one write a second for each key. */
function limited(bucket: Bucket): Bucket {
  const written = new Map<string, number>();
  const write = (key: string) => {
    const now = Date.now();
    if (now - (written.get(key) ?? 0) < 1000) {
      throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
    }
    written.set(key, now);
  };
  return {
    head: (key) => bucket.head(key),
    get: (key, options) => bucket.get(key, options),
    list: (options) => bucket.list(options),
    delete: (keys) => bucket.delete(keys),
    async put(key, value, options) {
      write(key);
      return await bucket.put(key, value, options);
    },
    async createMultipartUpload(key) {
      write(key);
      return await bucket.createMultipartUpload(key);
    },
  };
}

/** What the rate of R2 does to each way to put. */
async function hurry(bucket: Bucket): Promise<unknown> {
  const store = r2(limited(bucket));
  const attempts: Record<string, () => Promise<unknown>> = {
    first: () => store.put("hurried", new Uint8Array(3)),
    bytes: () => store.put("hurried", new Uint8Array(4)),
    stream: () => store.put("hurried", new Blob([new Uint8Array(4)]).stream(), { size: 4 }),
    parts: () => store.put("hurried", new Blob([new Uint8Array(9 * 1024 * 1024)]).stream()),
    other: () => store.put("other", new Uint8Array(4)),
  };
  const said: Record<string, unknown> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    said[name] = await attempt().then(
      () => "put",
      (error) => (error as { code?: unknown }).code,
    );
  }
  return { ...said, size: (await store.head("hurried"))?.size };
}

export default {
  async fetch(request: Request, env: { BUCKET: Bucket }): Promise<Response> {
    const stores = { r2: () => r2(env.BUCKET), memory: () => held };
    const { store, name } = (await request.json()) as { store: keyof typeof stores; name?: string };
    if (name === "hurry") return Response.json(await hurry(env.BUCKET));
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

/** Fills the bucket of a Worker, and lists pages of it, as often as it is told. */
import { r2 } from "pierhead/stores/r2";

export default {
  /**
   * The order: keys to put under `prefix`, from a number to before another, and keys behind which a page is asked for.
   *
   * @param {Request} request
   */
  async fetch(request, env) {
    const { prefix, fill, after = [] } = await request.json();
    const store = r2(env.BUCKET);
    if (fill !== undefined) {
      const [begin, end] = fill;
      const numbers = Array.from({ length: end - begin }, (_, index) => String(begin + index).padStart(6, "0"));
      await Promise.all(numbers.map((number) => store.put(`${prefix}${number}`, new Uint8Array(1))));
    }
    for (const key of after) {
      const { objects } = await store.list(prefix, { after: key, limit: 100 });
      if (objects.length !== 100) throw new Error(`a page of ${objects.length}`);
    }
    return new Response();
  },
};

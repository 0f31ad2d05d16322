import { failure } from "./failure.js";
import type { Handle } from "./handler.js";

/** Bytes of a manifest, at most: beyond it none is read. */
export const MAX_MANIFEST = 4 * 1024 * 1024;

/**
 * The same, by which no more than `most` bytes of manifests are on their way at a time: each is held in memory until all of it has come, and
 * whoever sends them may take as long as he likes. Who comes beyond that is asked to come again (429). A manifest without a stated size counts as
 * the largest.
 */
export function withinMemory(handle: Handle, most: number): Handle {
  let coming = 0;
  return async (asked) => {
    const { method, target, headers, body } = asked;
    const path = target.split("?", 1)[0] ?? "";
    if (body === undefined || method !== "PUT" || !/\/manifests\/[^/]*$/.test(path)) return await handle(asked);
    const [, stated = MAX_MANIFEST] = /^content-length:[ \t]*(\d+)/im.exec(headers) ?? [];
    const bytes = Math.min(Number(stated), MAX_MANIFEST);
    if (coming + bytes > most) {
      const refused = failure(method, 429, "TOOMANYREQUESTS", "too many manifests are on their way");
      return { ...refused, headers: `${refused.headers}\nretry-after:1` };
    }
    coming += bytes;
    try {
      return await handle(asked);
    } finally {
      coming -= bytes;
    }
  };
}

/** Repositories of the test registry that a case has for itself. */
import type { Context } from "./case.ts";

/** One whose manifests can be written, of a registry that is `new` or `old`: see `tests/support/manifests.mjs`. */
export function own({ pierhead: { Registry }, registry, runtime }: Context, way: "new" | "old") {
  const client = new Registry(registry.url, { headersTimeout: 10_000 });
  return client.repository(`manifests/${way}/${runtime}-${Math.random().toString(36).slice(2)}`);
}

/** All entries of a list. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const entries: T[] = [];
  for await (const entry of list) entries.push(entry);
  return entries;
}

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";

/** An index, different for each number, in bytes that no writer would write again. */
export function index(number = 0): Uint8Array<ArrayBuffer> {
  const text = `{ "schemaVersion":2,"mediaType":"${INDEX}", "manifests":[],"annotations":{"number":"${number}"}}\n`;
  return new TextEncoder().encode(text);
}

import { core } from "../core/core.js";
import { HandleOwner } from "../core/runtime.js";
import { optionalText } from "../core/text.js";
import { OciError } from "../errors.js";
import type { OperationOptions, RawClient } from "./raw.js";

/** Which part of a list of names is asked for. */
export interface ListOptions extends OperationOptions {
  /** How many names the registry is asked for at a time, 0 to 2^32-1; it decides if this is left out. The list does not end there. */
  n?: number | undefined;
  /** The name after which the list begins. */
  last?: string | undefined;
  /** How many pages are read at most, 0 to 2^32-1; 10,000 if it is left out. Where there are more, the list ends with `TOO_LARGE`. */
  maxPages?: number | undefined;
}

/**
 * The entries of a list, page by page as they are wanted: who stops early asks for no more of them. Each comes once. Rejects with a
 * `TransferError` `UNEXPECTED_RESPONSE` where pages lead in a circle, to another origin, or on without anything new.
 */
export async function* entries<T>(
  client: RawClient,
  // Checks its arguments: outside of the core, where what it throws would be taken for a trap.
  given: () => unknown[],
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const [list, raw] = [given(), client.get()];
  const pages = new HandleOwner(core, () => raw.list(list));
  try {
    for (;;) {
      const held = pages.use((pages) => pages);
      const page = await core.run<T[] | undefined>(() => held.next(), signal);
      if (page === undefined) return;
      yield* page;
    }
  } finally {
    pages.free();
  }
}

/** The tags of a repository; without a name, the repositories of a registry. */
export function names(client: RawClient, name: string | undefined, options: ListOptions): AsyncIterable<string> {
  return entries(
    client,
    () => {
      const [n, maxPages] = [count("n", options.n), count("maxPages", options.maxPages)];
      return [name, undefined, undefined, n, optionalText("last", options.last), maxPages];
    },
    options.signal,
  );
}

function count(name: string, value: number | undefined): number | undefined {
  if (value !== undefined && value >>> 0 !== value) {
    throw new OciError("INVALID_ARGUMENT", `${name} is not a whole number from 0 to 2^32-1`);
  }
  return value;
}

import { isIP } from "node:net";
import { failure, type Handle } from "../../front/handler.js";

/** Whether an address, or the name of one, is of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/**
 * The same, for those alone who ask for this machine by a name that is its own, or one of `names`. A web page may have a name of its own lead to
 * 127.0.0.1 once it was loaded, and would read and write here as a page of this registry.
 */
export function onlyByName(handle: Handle, names: readonly string[]): Handle {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return async (asked) => {
    const [, host = ""] = /^host:[ \t]*(.*?)[ \t]*$/im.exec(asked.headers) ?? [];
    const name = host.replace(/:\d*$/, "").toLowerCase();
    // No name leads to an address that is one itself.
    const isAddress = isIP(name.replace(/^\[(.*)\]$/, "$1")) > 0;
    if (isAddress || name === "localhost" || known.has(name)) return await handle(asked);
    return failure(asked.method, 403, "DENIED", "this registry is not asked for by this name");
  };
}

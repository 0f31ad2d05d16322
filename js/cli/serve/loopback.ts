import { BlockList, isIP } from "node:net";
import { failure } from "../../front/failure.js";
import type { Handle } from "../../front/handler.js";

/** Addresses that lead to this machine alone (RFC 6890, section 2.2), as IPv6 writes those of IPv4 too. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/** Whether an address is of this machine alone. */
export function isLoopback(address: string): boolean {
  const bare = address.replace(/%.*/, "");
  const version = isIP(bare);
  return version > 0 && LOOPBACK.check(bare, version === 6 ? "ipv6" : "ipv4");
}

/**
 * The same, for those alone who ask for this machine by a name that is its own, or one of `names`. A web page may have a name of its own lead to
 * 127.0.0.1 once it was loaded, and would read and write here as a page of this registry.
 */
export function onlyByName(handle: Handle, names: readonly string[]): Handle {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return async (asked) => {
    const [, host = ""] = /^host:(.*)$/im.exec(asked.headers) ?? [];
    const name = host.trim().replace(/:\d*$/, "").toLowerCase();
    // No name leads to an address that is one itself.
    const isAddress = isIP(name.replace(/^\[(.*)\]$/, "$1")) > 0;
    if (isAddress || name === "localhost" || known.has(name)) return await handle(asked);
    return failure(asked.method, 403, "DENIED", "this registry is not asked for by this name");
  };
}

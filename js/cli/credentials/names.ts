/** By which names a registry and its repositories go in configuration files. */

/** Docker Hub, as references name it. */
const HUB = "docker.io";

const HUB_HOSTS: ReadonlySet<string> = new Set([HUB, "index.docker.io", "registry-1.docker.io"]);

/** The name under which Docker, and its credential helpers, keep the credential of a registry. */
export function dockerKey(registry: string): string {
  return registry === HUB ? "https://index.docker.io/v1/" : registry;
}

/**
 * What a key stands for: `host[:port]`, or below one, as podman has it, `host[:port]/namespace`. Of a URL it is the host alone,
 * whatever its path: `https://index.docker.io/v1/` is Docker Hub.
 */
export function canonical(key: string): string {
  const [, authority] = /^https?:\/\/(?:[^/@]*@)?([^/]*)/i.exec(key) ?? [];
  const name = authority ?? key.replace(/(?:\/v[12])?\/*$/, "");
  const slash = name.indexOf("/");
  const host = (slash < 0 ? name : name.slice(0, slash)).toLowerCase();
  return (HUB_HOSTS.has(host) ? HUB : host) + (slash < 0 ? "" : name.slice(slash));
}

/** What may stand for a repository, the most specific first, and for its registry in the end (containers-auth.json(5)). */
export function namesFor(registry: string, repository = ""): string[] {
  const parts = repository === "" ? [] : repository.split("/");
  return Array.from({ length: parts.length + 1 }, (_, gone) => {
    return [registry, ...parts.slice(0, parts.length - gone)].join("/");
  });
}

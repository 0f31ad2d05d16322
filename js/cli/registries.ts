import { Registry } from "../entry/client.js";
import type { Context } from "./context.js";

/** How registries are to be reached. */
export interface Reach {
  /** Without TLS. */
  readonly plainHttp?: boolean | undefined;
  /** Without credentials, even where there are some. */
  readonly anonymous?: boolean | undefined;
  /** Requests at a time. */
  readonly concurrency?: number | undefined;
}

/** Hosts that are this machine itself. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/**
 * A registry as whoever runs the command may reach it, for one of its repositories: with the credential that is for it, and without
 * TLS to this machine itself, as everyone does. What it warns of is said once.
 */
export function openRegistry(
  name: string,
  repository: string | undefined,
  { plainHttp, anonymous, concurrency }: Reach,
  { keychain, output }: Pick<Context, "keychain" | "output">,
): Registry {
  const options = {
    plainHttp: isPlain(name, plainHttp),
    concurrency,
    onWarning: (text: string) => output.warn(`${name} says: ${text}`),
    ...(!anonymous && { credentials: (registry: string) => keychain.find(registry, repository) }),
  };
  return new Registry(name, options);
}

/** Whether a registry is reached without TLS. */
export function isPlain(name: string, asked = false): boolean {
  return asked || LOOPBACK.test(name);
}

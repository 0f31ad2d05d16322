import { streamsRequests } from "../engine/streams-requests.js";
import { OciError } from "../errors.js";
import type { FetchSettings } from "./host.js";
import { text } from "./text.js";

/** How requests are sent, and what they may cost. */
export interface TransportOptions {
  /** The function that sends requests; the runtime's own `fetch` if it is left out. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Milliseconds until the head of a response must have come, 1 to 2^31-1; 30,000 if it is left out. */
  headersTimeout?: number | undefined;
  /** Milliseconds until the next piece of a body must have come, 1 to 2^31-1; 30,000 if it is left out. */
  idleTimeout?: number | undefined;
}

const DEFAULT_TIMEOUT = 30_000;
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Settings from options. Throws an {@link OciError} `INVALID_ARGUMENT`. */
export function fetchSettings(options: TransportOptions): FetchSettings {
  // Looked up at each call, and called as a plain function: hosts mind both their `this` and being replaced.
  const fetch =
    optionalFunction("fetch", options.fetch) ??
    ((input: RequestInfo | URL, init?: RequestInit) => globalThis.fetch(input, init));
  const timeout = (name: "headersTimeout" | "idleTimeout") =>
    wholeNumber(`${name} in milliseconds`, options[name] ?? DEFAULT_TIMEOUT, 1, MAX_TIMEOUT);
  return {
    fetch,
    headersTimeout: timeout("headersTimeout"),
    idleTimeout: timeout("idleTimeout"),
    redirect: "manual",
    get streamsRequests() {
      return streamsRequests();
    },
    credential: async () => undefined,
    warned: () => {},
  };
}

/** The whole number that an option has to be. Throws an {@link OciError} `INVALID_ARGUMENT`. */
export function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new OciError("INVALID_ARGUMENT", `${name} is not a whole number from ${least} to ${most}`);
  }
  return value;
}

/** The function that an option has to be, or nothing. Throws an {@link OciError} `INVALID_ARGUMENT`. */
export function optionalFunction<F>(name: string, value: F): F {
  if (value !== undefined && typeof value !== "function") {
    throw new OciError("INVALID_ARGUMENT", `${name} is not a function`);
  }
  return value;
}

/** The endpoint of a registry, from a host (`registry.example:5000`) or its URL. */
export function endpoint(registry: string, plainHttp: boolean | undefined): string {
  const host = text("the registry", registry);
  if (host.includes("://")) return host;
  return `${plainHttp ? "http" : "https"}://${host === "docker.io" ? "registry-1.docker.io" : host}/`;
}

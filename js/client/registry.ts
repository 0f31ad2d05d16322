import { core } from "../core/core.js";
import { Revivable } from "../core/runtime.js";
import { endpoint, fetchSettings, optionalFunction, type TransportOptions, wholeNumber } from "../core/settings.js";
import { optionalTexts, text } from "../core/text.js";
import { type Credentials, credentialSource } from "./credentials.js";
import { type Extension, extensionsOf } from "./extensions.js";
import { type ListOptions, names } from "./pages.js";
import { type OperationOptions, type RawClient, run } from "./raw.js";
import { Repository } from "./repository.js";

/** What a {@link Registry} may be told. */
export interface RegistryOptions extends TransportOptions {
  /**
   * Reaches the registry by plain HTTP, if its host is given without a scheme, and lets credentials go by plain HTTP to hosts other than
   * this machine: anyone on the way can read them.
   */
  plainHttp?: boolean | undefined;
  /** Knows the credential for the registry, and for each mirror; left out, everything is asked for without one. */
  credentials?: Credentials | undefined;
  /**
   * How many requests are under way at once to the registry, and to each mirror, until the heads of their responses have come: 1 to
   * 1,000; 6 if it is left out. Workers have a bound of their own in its place.
   */
  concurrency?: number | undefined;
  /**
   * How often a request is repeated that failed in passing, after longer and longer pauses or as the registry asks (`Retry-After`, up to a
   * minute): 0 to 100; 4 if it is left out. What may not be done twice is repeated only where it certainly was not done.
   */
  retries?: number | undefined;
  /**
   * Hosts or URLs of registries that hold copies of this one's content, tried in order before it for whatever is only read. A tag may be
   * older there; digests are verified as ever.
   */
  mirrors?: readonly string[] | undefined;
  /** Told what the registry or a mirror wants its users to know (`Warning`), each text once. */
  onWarning?: ((warning: RegistryWarning) => void) | undefined;
}

/** What a registry wants its users to know (distribution specification, "Warnings"). */
export interface RegistryWarning {
  /** The registry or mirror: host and port, `docker.io` for Docker Hub. */
  readonly registry: string;
  /** What it says. It is for people: nothing may be made to depend on it. */
  readonly text: string;
}

/** How often a registry may be asked. Which figures a registry states differs. */
export interface RateLimit {
  /** How many requests a window has. */
  readonly limit?: number;
  /** How many are left of them. */
  readonly remaining?: number;
  /** How long the window is, in seconds. */
  readonly window?: number;
}

/**
 * A registry that speaks the OCI distribution API.
 *
 * Every method rejects with a `RegistryError`, `AuthError` or `TransferError` where the registry or the way to it fails, and
 * with the signal's reason where that aborts.
 */
export class Registry {
  readonly #client: RawClient;
  readonly #url: string;

  /**
   * @param host a host with an optional port (`registry.example:5000`), `docker.io`, or a URL without path
   * @throws OciError `INVALID_URL`, `INVALID_ARGUMENT`
   */
  constructor(host: string, options: RegistryOptions = {}) {
    const { plainHttp, onWarning } = options;
    const url = endpoint(host, plainHttp);
    const mirrors = optionalTexts("mirrors", options.mirrors) ?? [];
    // No URL has a space in it: what a mirror's has is refused with it escaped.
    const mirrorUrls = mirrors.map((mirror) => endpoint(mirror, plainHttp).replaceAll(" ", "%20")).join(" ");
    const retries = wholeNumber("retries", options.retries ?? 4, 0, 100);
    const wanted = wholeNumber("concurrency", options.concurrency ?? 6, 1, 1000);
    const concurrency = stopsWithItsClient() ? 0 : wanted;
    optionalFunction("onWarning", onWarning);
    // Not spread: what it finds out only where somebody asks would be asked for.
    const settings = Object.assign(fetchSettings(options), {
      credential: credentialSource(options.credentials),
      warned: (registry: string, text: string) => onWarning?.({ registry, text }),
    });
    this.#url = url;
    this.#client = new Revivable(
      core,
      (glue) => new glue.RawClient(url, settings, plainHttp === true, retries, concurrency, mirrorUrls),
    );
  }

  /** How often the registry may be asked, as the last response that spoke of it said; `undefined` before. */
  get rateLimit(): RateLimit | undefined {
    const client = this.#client.get();
    return core.call<RateLimit | undefined>(() => client.rateLimit);
  }

  /** Asks whether the registry speaks the API (end-1). */
  async ping(options: OperationOptions = {}): Promise<void> {
    await run<void>(this.#client, options, "ping");
  }

  /**
   * The names of its repositories (`_catalog`, which the specification only reserves). Many registries have no such list, or let
   * nobody see it.
   */
  repositories(options: ListOptions = {}): AsyncIterable<string> {
    return names(this.#client, undefined, options);
  }

  /** The extensions of its API; none where they cannot be discovered. */
  async extensions(options: OperationOptions = {}): Promise<Extension[]> {
    return extensionsOf(await run(this.#client, options, "extensions"));
  }

  /** A repository of the registry; its name is checked when it is used. */
  repository(name: string): Repository {
    return new Repository(this.#client, text("the repository name", name), this.#url);
  }
}

/**
 * Whether this host stops all that it does for a request once its client has left, without a word: who waited for that, for a token or a
 * turn, would do so in vain. It is workerd, which alone has this.
 */
function stopsWithItsClient(): boolean {
  return "FixedLengthStream" in globalThis;
}

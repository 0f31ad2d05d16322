import { core } from "../core/core.js";
import { Revivable } from "../core/runtime.js";
import { endpoint, fetchSettings, type TransportOptions } from "../core/settings.js";
import { text } from "../core/text.js";
import { type Extension, extensionsOf } from "./extensions.js";
import { type ListOptions, names } from "./pages.js";
import type { OperationOptions, RawClient } from "./raw.js";
import { Repository } from "./repository.js";

/** What a {@link Registry} may be told. */
export interface RegistryOptions extends TransportOptions {
  /** Reaches the registry by plain HTTP; only where its host is given without a scheme. */
  plainHttp?: boolean | undefined;
}

/**
 * A registry that speaks the OCI distribution API.
 *
 * Every method rejects with a `RegistryError`, `AuthError` or `TransferError` where the registry or the way to it fails, and
 * with the signal's reason where that aborts.
 */
export class Registry {
  readonly #client: RawClient;

  /**
   * @param host a host with an optional port (`registry.example:5000`), `docker.io`, or a URL without path
   * @throws OciError `INVALID_URL`, `INVALID_ARGUMENT`
   */
  constructor(host: string, options: RegistryOptions = {}) {
    const url = endpoint(host, options.plainHttp);
    const settings = fetchSettings(options);
    this.#client = new Revivable(core, (glue) => new glue.RawClient(url, settings));
  }

  /** Asks whether the registry speaks the API (end-1). */
  async ping(options: OperationOptions = {}): Promise<void> {
    const client = this.#client.get();
    await core.run<void>(() => client.ping(), options.signal);
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
    const client = this.#client.get();
    return extensionsOf(await core.run(() => client.extensions(), options.signal));
  }

  /** A repository of the registry; its name is checked when it is used. */
  repository(name: string): Repository {
    return new Repository(this.#client, text("the repository name", name));
  }
}

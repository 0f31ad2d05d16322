import { optionalText, text } from "../core/text.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { entries } from "./pages.js";
import type { OperationOptions, RawClient } from "./raw.js";

/** What referrers may be asked with. */
export interface ReferrersOptions extends OperationOptions {
  /** The artifact type that they must have, whether the registry filters by it or not. */
  artifactType?: string | undefined;
}

/** What refers to the manifests of a repository (end-12). */
export class Referrers {
  readonly #client: RawClient;
  readonly #name: string;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * The descriptors of all manifests whose subject has this digest, with their artifact types and annotations. Where the registry has no
   * API for that, the index under the fallback tag is read. None if nobody knows of the digest.
   */
  list(digest: string, options: ReferrersOptions = {}): AsyncIterable<Descriptor> {
    return entries(
      this.#client,
      () => [this.#name, text("the digest", digest), optionalText("artifactType", options.artifactType)],
      options.signal,
    );
  }
}

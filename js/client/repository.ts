import { Blobs } from "./blobs.js";
import { Manifests } from "./manifests.js";
import type { RawClient } from "./raw.js";

/** A repository: its manifests and its blobs. */
export class Repository {
  readonly #client: RawClient;
  /** Its name. */
  readonly name: string;
  /** Its manifests. */
  readonly manifests: Manifests;
  /** Its blobs. */
  readonly blobs: Blobs;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.#client = client;
    this.name = name;
    this.manifests = new Manifests(client, name);
    this.blobs = new Blobs(client, name);
  }

  /** @internal */
  place(glue: typeof import("../../pkg/core/pierhead.js")): import("../../pkg/core/pierhead.js").RawPlace {
    return glue.RawPlace.repository(this.#client.get(), this.name);
  }
}

import { Blobs } from "./blobs.js";
import { Manifests } from "./manifests.js";
import type { RawClient } from "./raw.js";

/** A repository: its manifests and its blobs. */
export class Repository {
  /** Its name. */
  readonly name: string;
  /** Its manifests. */
  readonly manifests: Manifests;
  /** Its blobs. */
  readonly blobs: Blobs;

  /** @internal */
  constructor(client: RawClient, name: string) {
    this.name = name;
    this.manifests = new Manifests(client, name);
    this.blobs = new Blobs(client, name);
  }
}

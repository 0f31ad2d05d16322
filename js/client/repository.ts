import { Blobs } from "./blobs.js";
import { type Extension, extensionsOf } from "./extensions.js";
import { Manifests } from "./manifests.js";
import { type OperationOptions, type RawClient, run } from "./raw.js";
import { Referrers } from "./referrers.js";
import { Tags } from "./tags.js";

/** A repository: its manifests, blobs and tags, and what refers to them. */
export class Repository {
  /** Its name. */
  readonly name: string;
  /** Its manifests. */
  readonly manifests: Manifests;
  /** Its blobs. */
  readonly blobs: Blobs;
  /** Its tags. */
  readonly tags: Tags;
  /** What refers to its manifests. */
  readonly referrers: Referrers;
  /**
   * The URL of its registry.
   *
   * @internal
   */
  readonly registry: string;
  readonly #client: RawClient;

  /** @internal */
  constructor(client: RawClient, name: string, registry: string) {
    this.name = name;
    this.registry = registry;
    this.manifests = new Manifests(client, name);
    this.blobs = new Blobs(client, name);
    this.tags = new Tags(client, name, this.manifests);
    this.referrers = new Referrers(client, name);
    this.#client = client;
  }

  /** The extensions of its API; none where they cannot be discovered. */
  async extensions(options: OperationOptions = {}): Promise<Extension[]> {
    return extensionsOf(await run(this.#client, options, "extensions", this.name));
  }
}

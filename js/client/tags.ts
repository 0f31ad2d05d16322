import { InvalidReferenceError } from "../errors.js";
import type { Manifests } from "./manifests.js";
import { type ListOptions, names } from "./pages.js";
import type { OperationOptions, RawClient } from "./raw.js";

/** The tags of a repository (end-8). */
export class Tags {
  readonly #client: RawClient;
  readonly #name: string;
  readonly #manifests: Manifests;

  /** @internal */
  constructor(client: RawClient, name: string, manifests: Manifests) {
    this.#client = client;
    this.#name = name;
    this.#manifests = manifests;
  }

  /** All tags, in the registry's order. One that breaks the grammar of tags is listed all the same, and refused where it is used. */
  list(options: ListOptions = {}): AsyncIterable<string> {
    return names(this.#client, this.#name, options);
  }

  /** Deletes a tag alone, not what it points at. Rejects with a `RegistryError` `UNSUPPORTED` where the registry does not allow it. */
  async delete(tag: string, options: OperationOptions = {}): Promise<void> {
    if (String(tag).includes(":")) throw new InvalidReferenceError("a digest is no tag");
    await this.#manifests.delete(tag, options);
  }
}

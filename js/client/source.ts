import { embedded } from "../embedded.js";
import { RegistryError } from "../errors.js";
import type { ImageSource } from "../graph.js";
import { streamOf } from "../stream.js";
import type { OperationOptions } from "./raw.js";
import type { Repository } from "./repository.js";

/** What a registry keeps among its blobs; everything else are manifests to it. */
const BLOBS: ReadonlySet<string> = new Set(["config", "layer", "blob"]);

/**
 * The parts of an image in a registry, to be validated: `validateImage(root, repositorySource(repository))`. What is embedded in its
 * descriptor (`data`), and is what that says, is not asked for.
 */
export function repositorySource({ manifests, blobs }: Repository, { signal }: OperationOptions = {}): ImageSource {
  return {
    async open(descriptor, role) {
      try {
        if (BLOBS.has(role)) return (await blobs.get(descriptor, { signal })).body;
        return streamOf(embedded(descriptor) ?? (await manifests.raw(descriptor.digest, { signal })).bytes);
      } catch (error) {
        if (error instanceof RegistryError && error.status === 404) return undefined;
        throw error;
      }
    },
  };
}

export { type Blob, type BlobHead, type BlobOptions, Blobs } from "./client/blobs.js";
export {
  type Manifest,
  type ManifestHead,
  type ManifestOptions,
  Manifests,
  type RawManifest,
} from "./client/manifests.js";
export type { OperationOptions } from "./client/raw.js";
export { Registry, type RegistryOptions } from "./client/registry.js";
export { Repository } from "./client/repository.js";
export type { TransportOptions } from "./core/settings.js";

/**
 * The distribution client.
 *
 * @module pierhead/client
 */
export {
  type Blob,
  type BlobHead,
  type BlobOptions,
  type BlobPart,
  type BlobRangeOptions,
  Blobs,
  type PushedBlob,
  type PushOptions,
} from "./client/blobs.js";
export type { ContentOptions, ContentSource, Progress, PushContent } from "./client/content.js";
export { type Copied, type CopyOptions, type CopyPlace, type CopyProgress, copy } from "./client/copy.js";
export type { Credential, Credentials } from "./client/credentials.js";
export type { Extension } from "./client/extensions.js";
export {
  type Manifest,
  type ManifestHead,
  type ManifestOptions,
  Manifests,
  type PushedManifest,
  type PutManifestOptions,
  type RawManifest,
  type ReadManifestOptions,
} from "./client/manifests.js";
export type { ListOptions } from "./client/pages.js";
export type { OperationOptions } from "./client/raw.js";
export { Referrers, type ReferrersOptions } from "./client/referrers.js";
export { type RateLimit, Registry, type RegistryOptions, type RegistryWarning } from "./client/registry.js";
export { Repository } from "./client/repository.js";
export { repositorySource } from "./client/source.js";
export { Tags } from "./client/tags.js";
export type { TransportOptions } from "./core/settings.js";

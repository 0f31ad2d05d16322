/**
 * The vocabulary: documents and their rules, digests, references, platforms.
 *
 * @module pierhead
 */
export { ANNOTATIONS, type BaseImage, baseImage, knownAnnotations } from "./annotations.js";
export { identifyArtifact } from "./artifact.js";
export type { Algorithm } from "./digest.js";
export { type Descriptors, OciDocument, type ParseOptions } from "./document.js";
export { type Embedding, embedded } from "./embedded.js";
export * from "./errors.js";
export type { Artifact } from "./generated/Artifact.js";
export type { ArtifactKind } from "./generated/ArtifactKind.js";
export type { Descriptor } from "./generated/Descriptor.js";
export type { DigestParts } from "./generated/DigestParts.js";
export type { DocumentKind } from "./generated/DocumentKind.js";
export type { Issue } from "./generated/Issue.js";
export type { KnownAnnotations } from "./generated/KnownAnnotations.js";
export type { Platform } from "./generated/Platform.js";
export type { ReferenceParts } from "./generated/ReferenceParts.js";
export type { Report } from "./generated/Report.js";
export type { Severity } from "./generated/Severity.js";
export {
  type GraphLimits,
  type GraphOptions,
  type ImageOptions,
  type ImageSource,
  type LayoutFiles,
  type NamedReport,
  type Role,
  validateImage,
  validateLayout,
} from "./graph.js";
export { digest, Hasher } from "./hasher.js";
export { chainIds, imageId } from "./identity.js";
export {
  type PlatformLike,
  platformRuns,
  type ResolveOptions,
  resolvePlatform,
  selectPlatform,
  type VariantOptions,
} from "./platform.js";
export { fromPurl, type Purl, type PurlOptions, type PurlType, toPurl } from "./purl.js";
export {
  type ByteRange,
  type DigestOptions,
  digestStream,
  type Expected,
  type ReadOptions,
  type VerifyOptions,
  verifyStream,
} from "./stream.js";
export { type ExpectedDescriptor, isValid, type Rule, rules, type ValidateOptions, validate } from "./validate.js";
export { formatPlatform, parseDigest, parsePlatform, parseReference } from "./vocabulary.js";

import { documentOf, type OciDocument } from "./document.js";
import { ManifestError } from "./errors.js";
import type { Descriptor } from "./generated/Descriptor.js";
import type { KnownAnnotations } from "./generated/KnownAnnotations.js";
import type { ReferenceParts } from "./generated/ReferenceParts.js";
import { parseDigest, parseReference } from "./vocabulary.js";

const key = <const Name extends string>(name: Name) => `org.opencontainers.image.${name}` as const;

/** The keys of the annotations that the image specification predefines (`annotations.md`). */
export const ANNOTATIONS = {
  created: key("created"),
  authors: key("authors"),
  url: key("url"),
  documentation: key("documentation"),
  source: key("source"),
  version: key("version"),
  revision: key("revision"),
  vendor: key("vendor"),
  licenses: key("licenses"),
  refName: key("ref.name"),
  title: key("title"),
  description: key("description"),
  baseDigest: key("base.digest"),
  baseName: key("base.name"),
} as const satisfies Record<keyof KnownAnnotations, string>;

/** The image that another is based on: its immediate base, whose layers are the first of its own. */
export interface BaseImage {
  /** Its reference, completed as Docker does: it may have moved since. */
  readonly name?: ReferenceParts;
  /** The digest of its manifest or index. */
  readonly digest?: string;
}

/**
 * The predefined annotations of a manifest, an index or a descriptor, or the predefined labels of an image config, each under a name
 * of its own. Their values are as they were written.
 *
 * @throws ManifestError `INVALID_MANIFEST` if one of them is no text
 */
export function knownAnnotations(of: OciDocument | Descriptor): KnownAnnotations {
  const annotations = annotationsOf(documentOf(of));
  const found: KnownAnnotations = {};
  for (const [name, key] of Object.entries(ANNOTATIONS) as [keyof KnownAnnotations, string][]) {
    const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    if (value === undefined) continue;
    if (typeof value !== "string") throw new ManifestError("INVALID_MANIFEST", `the annotation ${key} is not a string`);
    found[name] = value;
  }
  return found;
}

interface Properties {
  readonly config?: unknown;
  readonly Labels?: unknown;
  readonly annotations?: unknown;
  readonly [key: string]: unknown;
}

/** Annotations, or labels; the two are never mixed. */
function annotationsOf(document: OciDocument): Properties {
  const isConfig = document.kind === "image-config" || document.kind === "docker-config";
  const root = object(document.json());
  return isConfig ? object(object(root.config).Labels) : object(root.annotations);
}

/** An object, where there is one. */
function object(value: unknown): Properties {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Properties;
  throw new ManifestError("INVALID_MANIFEST", "annotations are no map from string to string");
}

/**
 * The base image that a manifest, an index or a descriptor states in its annotations, or an image config in its labels; undefined if it
 * states none.
 *
 * @throws ManifestError as {@link knownAnnotations}
 * @throws InvalidReferenceError and OciError `INVALID_DIGEST` if what is stated is none
 */
export function baseImage(of: OciDocument | Descriptor): BaseImage | undefined {
  const { baseName, baseDigest } = knownAnnotations(of);
  if (baseDigest) parseDigest(baseDigest);
  if (!baseName && !baseDigest) return undefined;
  return { ...(baseName && { name: parseReference(baseName) }), ...(baseDigest && { digest: baseDigest }) };
}

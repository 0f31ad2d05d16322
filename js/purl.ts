// Written here and in `src/purl.rs`: what is a few lines here costs four kilobytes of WebAssembly. `tests/fixtures/purl.json` holds the two together.
import { optionalText, text } from "./core/text.js";
import { InvalidReferenceError, OciError } from "./errors.js";
import type { ReferenceParts } from "./generated/ReferenceParts.js";
import { parseReference } from "./vocabulary.js";

/** The types of package URLs that stand for what registries hold. */
export type PurlType = "oci" | "docker";

/** A package URL, taken apart. */
export interface Purl {
  readonly type: PurlType;
  /** Of `docker`, what stands before the last segment of the repository; `oci` has none. */
  readonly namespace?: string;
  /** The last segment of the repository; of `oci`, in lowercase. */
  readonly name: string;
  /** Of `oci` the digest, of `docker` the tag, the digest or an image's id. */
  readonly version?: string;
  /** By key, in lowercase: `repository_url`; of `oci` also `arch` and `tag`. Others are kept. */
  readonly qualifiers: Readonly<Record<string, string>>;
  /** A path within the package, which neither type gives a meaning. */
  readonly subpath?: string;
  /** Where it is to be had, if it says so and a reference can. */
  readonly reference?: ReferenceParts;
}

/** How a package URL is made. */
export interface PurlOptions {
  /** `oci`, the default, has the digest for its version and keeps the tag beside it; `docker` has the digest, or else the tag. */
  type?: PurlType | undefined;
  /** The architecture: the qualifier `arch`. */
  arch?: string | undefined;
}

/**
 * The package URL of what a reference stands for, such as `pkg:oci/app@sha256:…?repository_url=ghcr.io%2Fowner%2Fapp&tag=1.0`, in the
 * canonical form of ECMA-427. A tag beside a digest is lost in `pkg:docker`.
 *
 * @throws InvalidReferenceError
 * @throws OciError `INVALID_ARGUMENT` for another type
 */
export function toPurl(reference: string, { type = "oci", ...options }: PurlOptions = {}): string {
  const given = text("the reference", reference);
  if (type !== "oci" && type !== "docker") throw new OciError("INVALID_ARGUMENT", "type is neither oci nor docker");
  const arch = optionalText("arch", options.arch);
  const { registry, repository, tag, digest } = parseReference(given);
  const [namespace, name] = splitLast(repository, "/", "head");
  const purl = { type, name, qualifiers: { ...(arch && { arch }) } };
  if (type === "oci") {
    const repository_url = `${registry}/${repository}`;
    return written({
      ...purl,
      version: digest,
      qualifiers: { ...purl.qualifiers, repository_url, ...(tag && { tag }) },
    });
  }
  const implied = registry === "docker.io" && namespace === "library";
  const docker = { ...purl, namespace: implied ? "" : namespace, version: digest ?? tag };
  // On Docker Hub, a namespace that looks like a registry would be taken for one.
  const found = referenceOf(docker);
  if (found?.registry === registry && found.repository === repository) return written(docker);
  return written({ ...docker, qualifiers: { ...docker.qualifiers, repository_url: registry } });
}

/**
 * The parts of a `pkg:oci` or `pkg:docker`, and the reference that it leads to, if it says where it is. Throws an `OciError`
 * `INVALID_PURL`, for other types too.
 */
export function fromPurl(purl: string): Purl {
  const [beforeSubpath, subpath] = splitLast(text("the package URL", purl), "#");
  const [beforeQualifiers, qualifiers] = splitLast(beforeSubpath, "?");
  const [, scheme, rest = ""] = /^(pkg:)?\/*(.*)$/is.exec(beforeQualifiers) ?? [];
  if (scheme === undefined) throw invalid("a package URL begins with `pkg:`");
  const [, type, path = ""] = /^(oci|docker)\/(.*)$/is.exec(rest) ?? [];
  if (type === undefined) throw invalid("the type of the package URL is neither oci nor docker");
  const [names, version] = splitLast(path, "@");
  const pieces = names.split("/").filter(Boolean);
  const last = pieces.pop() ?? "";
  const namespace = segments(pieces.join("/"));
  const isOci = type.toLowerCase() === "oci";
  const name = isOci ? decoded(last).replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : decoded(last);
  if (name === "") throw invalid("a package URL has a name");
  if (isOci && namespace !== "") throw invalid("a package URL of the type oci has no namespace");
  const parts = {
    type: isOci ? ("oci" as const) : ("docker" as const),
    ...(namespace && { namespace }),
    name,
    ...(version && { version: decoded(version) }),
    qualifiers: readQualifiers(qualifiers),
  };
  const [inside, reference] = [segments(subpath, true), referenceOf(parts)];
  return { ...parts, ...(inside && { subpath: inside }), ...(reference && { reference }) };
}

type Parts = Pick<Purl, "type" | "name" | "qualifiers"> & { namespace?: string; version?: string | undefined };

/** Where it is to be had; undefined if it does not say, or says what no reference can. */
function referenceOf({ type, namespace, name, version, qualifiers }: Parts): ReferenceParts | undefined {
  const { repository_url, tag: stated } = qualifiers;
  const url = repository_url && withoutEndingSlashes(repository_url.replace(/^https:\/\//, ""));
  const isTag = type === "docker" && version !== undefined && !version.includes(":");
  const tag = type === "oci" ? stated : isTag ? version : undefined;
  const repository = type === "oci" ? url : [url, namespace, name].filter(Boolean).join("/");
  if (repository === undefined || (type === "oci" && !repository.endsWith(`/${name}`))) return undefined;
  const digest = isTag ? undefined : version;
  const reference = `${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  try {
    return parseReference(reference);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}

/** By hand: what a regular expression needs for slashes grows as their square where they are not at the end. */
function withoutEndingSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

/** The canonical form: as little as possible is encoded, and qualifiers are in the order of their keys. */
function written({ type, namespace, name, version, qualifiers }: Parts): string {
  const path = [...(namespace ? namespace.split("/") : []), name].map(encoded).join("/");
  const pairs = Object.entries(qualifiers).sort(([one], [other]) => (one < other ? -1 : 1));
  const query = pairs.map(([key, value], place) => `${place === 0 ? "?" : "&"}${key}=${encoded(value)}`);
  return `pkg:${type}/${path}${version === undefined ? "" : `@${encoded(version)}`}${query.join("")}`;
}

/** Everything but RFC 3986's unreserved characters and the colon is `%XX` (ECMA-427, 5.4). */
function encoded(part: string): string {
  try {
    return encodeURIComponent(part)
      .replaceAll("%3A", ":")
      .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  } catch (cause) {
    throw new OciError("INVALID_ARGUMENT", "a part of the package URL is no Unicode text", { cause });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("a %XX in the package URL is malformed");
  }
}

/** The segments of a path, decoded, without those that are empty and, in one that leads into the package, those that lead nowhere. */
function segments(path: string, intoPackage = false): string {
  const all = path.split("/").map(decoded);
  if (all.some((segment) => segment.includes("/"))) throw invalid("a segment of a package URL holds a slash");
  return all.filter((segment) => segment !== "" && !(intoPackage && /^\.\.?$/.test(segment))).join("/");
}

function readQualifiers(query: string): Record<string, string> {
  const qualifiers: Record<string, string> = {};
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const [, key, value = ""] = /^([a-z][a-z0-9._-]*)=(.*)$/is.exec(pair) ?? [];
    if (key === undefined)
      throw invalid("a qualifier is `key=value`, and its key a letter, and more letters, digits and `._-`");
    const [name, meant] = [key.toLowerCase(), decoded(value)];
    if (meant === "") continue;
    if (Object.hasOwn(qualifiers, name)) throw invalid("a package URL has a qualifier twice");
    qualifiers[name] = meant;
  }
  return qualifiers;
}

/** What stands before the last mark, and behind it; without one, all of it is the one or the other. */
function splitLast(whole: string, mark: string, missing: "head" | "tail" = "tail"): [string, string] {
  const at = whole.lastIndexOf(mark);
  if (at < 0) return missing === "tail" ? [whole, ""] : ["", whole];
  return [whole.slice(0, at), whole.slice(at + 1)];
}

function invalid(message: string): OciError {
  return new OciError("INVALID_PURL", message);
}

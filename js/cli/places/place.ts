import { parseReference } from "../../entry/index.js";
import { STDIN } from "../input.js";
import { CliError, printable } from "../output.js";
import { targetOf } from "../target.js";

/** Where an image is, or has to go. */
export type Place = RegistryPlace | LayoutPlace;

/** An image in a registry. */
export interface RegistryPlace {
  readonly kind: "registry";
  /** As it was given. */
  readonly text: string;
  readonly registry: string;
  readonly repository: string;
  /** Its digest, or else its tag. */
  readonly reference: string;
}

/** An image in an OCI image layout, or in an archive by `docker save`. */
export interface LayoutPlace {
  /** A folder with a layout, or a tar archive: of one, or by `docker save`. */
  readonly kind: "folder" | "archive";
  /** As it was given. */
  readonly text: string;
  /** A path; `-` for an archive on standard input. */
  readonly path: string;
  /** The name in its index, or a digest; undefined if none was given. */
  readonly reference: string | undefined;
  /** Whether it was named as an archive by `docker save`, which is not to be written. */
  readonly docker: boolean;
}

/** The rule by which places are told, for the help of the commands that take any of them. */
export const PLACE_RULE = `
A place is one of
  registry/repository:tag      an image in a registry, also by @digest
  oci:FOLDER[:NAME]            an OCI image layout in a folder
  oci-archive:FILE[:NAME]      the same in a tar archive
  docker-archive:FILE[:NAME]   what docker save has written, to read only
  PATH                         a layout or an archive that is there
NAME is that of an image in the layout, or its digest. It can be left out where
there is one image only.`;

const SCHEMES: ReadonlyMap<string, LayoutPlace["kind"]> = new Map([
  ["oci", "folder"],
  ["oci-archive", "archive"],
  ["docker-archive", "archive"],
]);

/**
 * The place that a text names, from which an image comes.
 *
 * @throws CliError, or InvalidReferenceError, if it names none
 */
export function parsePlace(text: string): Place {
  return schemePlace(text) ?? (targetOf(text) === "image" ? registryPlace(text) : existingPlace(text));
}

/**
 * The place that a text names, to which an image goes.
 *
 * @throws CliError, or InvalidReferenceError, if it names none
 */
export function parseTargetPlace(text: string): Place {
  let place: Place;
  try {
    place = parsePlace(text);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`${error.message}; a layout that is to be made is oci:FOLDER or oci-archive:FILE`);
  }
  return writable(place);
}

/**
 * The place in a registry that a reference names.
 *
 * @throws InvalidReferenceError if it is none
 */
export function registryPlace(text: string): RegistryPlace {
  const { registry, repository, tag, digest } = parseReference(text);
  return { kind: "registry", text, registry, repository, reference: digest ?? tag ?? "latest" };
}

/**
 * The layout or the archive at a path, which has to be there, or on standard input.
 *
 * @throws CliError if there is none
 */
export function existingPlace(text: string): LayoutPlace {
  const scheme = schemePlace(text);
  if (scheme !== undefined) return scheme;
  const target = targetOf(text);
  if (target === "image")
    throw new CliError(`${printable(text)}: is an image in a registry, not a layout or an archive`);
  return { kind: target === "folder" ? "folder" : "archive", text, path: text, reference: undefined, docker: false };
}

/** The layout at a path that is to be written, unless it is named by its kind. */
export function layoutTarget(text: string, kind: LayoutPlace["kind"]): LayoutPlace {
  return writable(schemePlace(text) ?? { kind, text, path: text, reference: undefined, docker: false });
}

function writable<P extends Place>(place: P): P {
  if (place.kind !== "registry" && (place.docker || place.text === STDIN)) {
    throw new CliError(`${printable(place.text)}: is only to be read; what docker load reads too is oci-archive:FILE`);
  }
  return place;
}

function schemePlace(text: string): LayoutPlace | undefined {
  const [, scheme = "", rest = ""] = /^([a-z-]+):(.*)$/s.exec(text) ?? [];
  const kind = SCHEMES.get(scheme);
  return kind && { kind, text, ...pathAndName(text, rest), docker: scheme === "docker-archive" };
}

/** A path ends at its first colon, unless that is a drive's; a digest may stand behind an @, too. */
function pathAndName(text: string, rest: string): Pick<LayoutPlace, "path" | "reference"> {
  const parts = /^((?:[A-Za-z]:(?=[\\/]))?[^:]*?)(?::(.+)|@((?:sha256|sha512|blake3):[a-f0-9]+))?$/s;
  const [, path = "", name, digest] = parts.exec(rest) ?? [];
  if (path === "") throw new CliError(`${printable(text)}: has no path, as oci:FOLDER:NAME has`);
  return { path, reference: name ?? digest };
}

import { ANNOTATIONS } from "../annotations.js";
import { LayoutError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { parseReference } from "../vocabulary.js";

/** Where containerd and Docker write the whole name, while `ref.name` has the tag alone. */
const IMAGE_NAME = "io.containerd.image.name";

/** The tag of the index of a manifest's referrers, where nothing else lists them (distribution specification, "Referrers Tag Schema"). */
const FALLBACK_TAG = /^[a-z0-9._-]{1,32}-[a-zA-Z0-9_-]{32,64}$/;

/** The entry of an index that a name or a digest stands for, as {@link ImageLayout.resolve} has it; undefined if there is none. */
export function entryNamed(entries: readonly Descriptor[], name: string): Descriptor | undefined {
  const exact = entries.find((entry) => refName(entry) === name) ?? entries.find(({ digest }) => digest === name);
  if (exact !== undefined) return exact;
  const whole = wholeName(name);
  return (
    only(
      entries.filter((entry) => whole !== undefined && wholeNameOf(entry) === whole),
      name,
    ) ??
    only(
      entries.filter((entry) => refName(entry)?.endsWith(`:${name}`)),
      name,
    )
  );
}

/** The entry that is meant where none is named. */
export function onlyEntry(entries: readonly Descriptor[]): Descriptor | undefined {
  if (entries.length <= 1) return entries[0];
  // What refers to an image is entered without a name, or under a fallback tag.
  const named = entries.filter((entry) => refName(entry) !== undefined && !FALLBACK_TAG.test(refName(entry) ?? ""));
  return only(named.length > 0 ? named : entries);
}

function only(found: readonly Descriptor[], name?: string): Descriptor | undefined {
  const [first] = found;
  if (found.every(({ digest }) => digest === first?.digest)) return first;
  const names = found.slice(0, 10).map((entry) => refName(entry) ?? entry.digest);
  const asked =
    name === undefined ? "the layout holds several images" : `${JSON.stringify(name)} could be several images`;
  throw new LayoutError("AMBIGUOUS_REFERENCE", `${asked}: ${names.join(", ")}${found.length > 10 ? ", …" : ""}`);
}

function refName({ annotations }: Descriptor): string | undefined {
  return annotations[ANNOTATIONS.refName];
}

function wholeNameOf(entry: Descriptor): string | undefined {
  return wholeName(entry.annotations[IMAGE_NAME] ?? refName(entry) ?? "");
}

/** A name as Docker completes it; undefined for a tag alone, and for what no image is called. */
function wholeName(name: string): string | undefined {
  if (!/[:/]/.test(name)) return undefined;
  try {
    const { registry, repository, tag, digest } = parseReference(name);
    return `${registry}/${repository}:${tag}@${digest}`;
  } catch {
    return undefined;
  }
}

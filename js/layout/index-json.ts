import { ANNOTATIONS } from "../annotations.js";
import { DOCUMENT_LIMIT, OciDocument } from "../document.js";
import { ManifestError } from "../errors.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { memberAt, partsAt, withoutMember } from "./json-parts.js";

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What `oci-layout` says of a layout of version 1.0.0. */
export const HEADER_TEXT = '{"imageLayoutVersion":"1.0.0"}';

/** An index that lists nothing. */
export const EMPTY_INDEX = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });

/** The entries of an `index.json`. Throws a {@link ManifestError} where it is none. */
export function entriesOf(bytes: Uint8Array): Descriptor[] {
  return OciDocument.parse(bytes, { mediaType: INDEX }).descriptors().manifests;
}

/**
 * The `index.json` with a manifest entered by a name, or without one. What need not change stays byte by byte, so an index that has
 * the entry already comes back as it is.
 *
 * @throws ManifestError if it is no index before or after, or grows larger than a document may be
 */
export function withEntry(index: Uint8Array, descriptor: Descriptor, name: string | undefined): Uint8Array {
  const before = entriesOf(index);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(index);
  const open = memberAt(text, text.indexOf("{"), "manifests")?.value;
  if (open === undefined) throw new ManifestError("INVALID_MANIFEST", "the index has no manifests");
  const parts = partsAt(text, open);
  const texts = parts.map(({ start, end }): string | undefined => text.slice(start, end));
  const changed = edited(before, texts, descriptor, name);
  if (!changed) return index;

  const [first, last] = [parts[0], parts.at(-1)];
  const close = last === undefined ? open + 1 : last.end;
  const head = text.slice(open + 1, first?.start ?? open + 1);
  // What stands before each entry: the indentation and the commas of whoever wrote the file.
  const gaps = parts.map(({ start }, place) => text.slice(parts[place - 1]?.end ?? start, start) || `,${head}`);
  let list = head;
  let any = false;
  for (const [place, entry] of texts.entries()) {
    if (entry === undefined) continue;
    list += (any ? (gaps[place] ?? gaps[1] ?? `,${head}`) : "") + entry;
    any = true;
  }
  const bytes = new TextEncoder().encode(text.slice(0, open + 1) + list + text.slice(close));
  if (bytes.byteLength > DOCUMENT_LIMIT) {
    const details = { expected: DOCUMENT_LIMIT, actual: bytes.byteLength };
    throw new ManifestError("TOO_LARGE", `the index would have more than ${DOCUMENT_LIMIT} bytes`, details);
  }
  // What was entered may be no descriptor.
  entriesOf(bytes);
  return bytes;
}

/** Changes the texts of entries so that one more is entered; whether anything had to change. */
function edited(
  entries: readonly Descriptor[],
  texts: (string | undefined)[],
  descriptor: Descriptor,
  name: string | undefined,
): boolean {
  const same = entries.map(({ digest }) => digest === descriptor.digest);
  if (name === undefined) {
    if (same.includes(true)) return false;
    texts.push(entryText(descriptor, undefined));
    return true;
  }
  const names = entries.map(({ annotations }) => annotations[ANNOTATIONS.refName]);
  const holder = names.findIndex((own, place) => own === name && same[place]);
  // Where the manifest is entered without a name, that entry takes it.
  const kept = holder >= 0 ? holder : names.findIndex((own, place) => own === undefined && same[place]);
  let changed = holder < 0;
  if (kept < 0) texts.push(entryText(descriptor, name));
  else if (changed) texts[kept] = entryText(descriptor, name, texts[kept]);
  for (const [place, own] of names.entries()) {
    const superfluous = same[place] && own === undefined;
    if (place === kept || (own !== name && !superfluous)) continue;
    changed = true;
    const { digest } = entries[place] ?? descriptor;
    const elsewhere = entries.some((other, index) => index !== place && other.digest === digest && texts[index]);
    texts[place] = superfluous || same[place] || elsewhere ? undefined : withoutName(texts[place] ?? "{}");
  }
  return changed;
}

/** An entry; on top of what stood there of the same manifest. */
function entryText(descriptor: Descriptor, name: string | undefined, before = "{}"): string {
  const old = JSON.parse(before) as { annotations?: Record<string, string> };
  const { annotations, urls, ...rest } = descriptor;
  const { [ANNOTATIONS.refName]: _, ...others } = { ...old.annotations, ...annotations };
  const all = name === undefined ? others : { ...others, [ANNOTATIONS.refName]: name };
  return JSON.stringify({
    ...old,
    ...rest,
    ...(urls?.length > 0 && { urls }),
    ...(Object.keys(all).length > 0 && { annotations: all }),
  });
}

function withoutName(entry: string): string {
  const open = memberAt(entry, 0, "annotations")?.value;
  if (open === undefined) return entry;
  return partsAt(entry, open).length > 1
    ? withoutMember(entry, open, ANNOTATIONS.refName)
    : withoutMember(entry, 0, "annotations");
}

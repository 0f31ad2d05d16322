/** Where a document comes from, and what is known of it before it is checked. */

/** The most that is kept of a name: it is shown, and may come from anywhere. */
const LONGEST_NAME = 120;

export interface Source {
  /** A file's name, a URL, or what else tells the user which document this is. */
  readonly name: string;
  readonly text: string;
  /** The document's bytes, where the text cannot stand for them: it was not valid UTF-8. */
  readonly exact?: Uint8Array<ArrayBuffer>;
  /** The media type by which it was served. */
  readonly mediaType?: string | undefined;
  /** The digest by which it was asked for. */
  readonly expected?: string | undefined;
}

/** A document as bytes that came from somewhere. */
export function sourceOf(bytes: Uint8Array<ArrayBuffer>, known: Omit<Source, "text" | "exact">): Source {
  const name = known.name.length > LONGEST_NAME ? `${known.name.slice(0, LONGEST_NAME)}…` : known.name;
  // A byte order mark is part of the document, and a fault that has to be seen.
  const options = { ignoreBOM: true };
  try {
    return { ...known, name, text: new TextDecoder("utf-8", { ...options, fatal: true }).decode(bytes) };
  } catch {
    return { ...known, name, text: new TextDecoder("utf-8", options).decode(bytes), exact: bytes };
  }
}

/** The media type in a `Content-Type`, if it says anything of an OCI document. */
export function ociMediaType(contentType: string | undefined): string | undefined {
  const essence = contentType?.split(";", 1)[0]?.trim();
  return essence !== undefined && /^application\/vnd\.(oci|docker)\./i.test(essence) ? essence : undefined;
}

/** The digest that a URL ends with, as one of a manifest or blob does (distribution specification, end-2 and end-3). */
export function digestInUrl(url: string): string | undefined {
  const { pathname } = new URL(url);
  // A path that is no valid percent-encoding names nothing.
  const path = pathname.replaceAll(/%3a/gi, ":");
  return /[/@]([a-z0-9]+:[0-9a-f]{64,128})$/.exec(path)?.[1];
}

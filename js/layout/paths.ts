import { text } from "../core/text.js";
import { parseDigest } from "../vocabulary.js";

/** What a layout's files are called (image specification, `image-layout.md`). */
export const HEADER = "oci-layout";
export const INDEX_JSON = "index.json";
export const BLOBS = "blobs";

/** Where a layout keeps what has this digest; the grammar of digests leaves no room for a path that goes elsewhere. */
export function blobPath(digest: string): string {
  const { algorithm, encoded } = parseDigest(digest);
  return `${BLOBS}/${algorithm}/${encoded}`;
}

/** The digest that a path in `blobs` names; undefined if it is none. */
export function digestOfPath(path: string): string | undefined {
  const [blobs, algorithm, encoded, ...rest] = text("a path of the list", path).split("/");
  if (blobs !== BLOBS || encoded === undefined || rest.length > 0) return undefined;
  const digest = `${algorithm}:${encoded}`;
  try {
    parseDigest(digest);
    return digest;
  } catch {
    return undefined;
  }
}

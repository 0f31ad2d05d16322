import { algorithmOf } from "./digest.js";
import type { Descriptor } from "./generated/Descriptor.js";
import { digest as digestOf } from "./hasher.js";

/** Content, as far as it takes to read it: by its digest, unless it is embedded. */
export interface Embedding extends Pick<Descriptor, "digest" | "size"> {
  readonly data?: string | undefined;
}

/**
 * The content that is embedded in a descriptor (image specification, `descriptor.md`, "Embedded Content"), verified; undefined where
 * there is none, or it is not what the descriptor says. Then it can be had by its digest, if at all.
 *
 * @throws OciError `INVALID_DIGEST`, `UNSUPPORTED_ALGORITHM`
 */
export function embedded({ digest, size, data }: Embedding): Uint8Array | undefined {
  if (data === undefined) return undefined;
  const algorithm = algorithmOf(digest);
  let text: string;
  try {
    text = atob(data);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return bytes.length === size && digestOf(bytes, algorithm) === digest ? bytes : undefined;
}

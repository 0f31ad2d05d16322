import type { RawManifest, Repository } from "../entry/client.js";
import { OciDocument, type Platform, resolvePlatform } from "../entry/index.js";
import { isIndex, missing } from "./select.js";

/** What to read of a repository. */
export interface Wanted {
  /** A tag or a digest. */
  readonly identifier: string;
  /** Of an index, the manifest for this platform. */
  readonly platform?: Platform | undefined;
  readonly signal: AbortSignal;
}

/** The bytes of a manifest, or of the one that an index has for a platform. */
export async function readManifest(repository: Repository, wanted: Wanted): Promise<RawManifest> {
  return await chosenManifest((reference) => repository.manifests.raw(reference, { signal: wanted.signal }), wanted);
}

/** The same, of whatever has manifests by name and by digest. */
export async function chosenManifest<M extends Pick<RawManifest, "bytes" | "mediaType">>(
  read: (reference: string) => Promise<M>,
  { identifier, platform }: Omit<Wanted, "signal">,
): Promise<M> {
  const root = await read(identifier);
  const index = platform && documentOf(root);
  if (platform === undefined || index === undefined || !isIndex(index)) return root;
  let last = index;
  const resolve = async ({ digest }: { digest: string }) => {
    last = documentOf(await read(digest));
    return last;
  };
  const chosen = await resolvePlatform(index, platform, { resolve });
  return chosen === undefined ? missing(last, platform) : await read(chosen.digest);
}

function documentOf({ bytes, mediaType }: Pick<RawManifest, "bytes" | "mediaType">): OciDocument {
  return OciDocument.parse(bytes, { mediaType });
}

import { hashEngine } from "../engine/engine.js";
import { StoreError } from "../errors.js";
import { invalid, wrongHash } from "./arguments.js";
import { SizedBody } from "./content.js";
import type { PutOptions } from "./object-store.js";

/** Bytes that S3 and R2 take at once: 5 GiB, less what R2's documentation leaves open. */
const MAX_WHOLE = 4.9 * 1024 ** 3;

/** Bytes of a part, all but the last: equal ones, as R2 wants them, of which at least 5 MiB and at most 10,000 are allowed. */
const PART = 8 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Where a multipart upload goes on. `Part` is what the service wants to know of each in the end. */
export interface PartsUpload<Part, Info> {
  upload(number: number, bytes: Uint8Array): Promise<Part>;
  complete(parts: Part[], size: number): Promise<Info>;
  abort(): Promise<unknown>;
}

/** Whether a stream goes in one request, under whatever condition; else it goes in parts, for which there are no conditions. */
export function isWhole({ size = Number.POSITIVE_INFINITY, ifAbsent, ifVersion }: PutOptions): boolean {
  if (size <= MAX_WHOLE) return true;
  if (ifAbsent || ifVersion !== undefined) throw invalid(`more than ${MAX_WHOLE} bytes are put without a condition`);
  return false;
}

/**
 * Puts a stream of which nobody knows the size: whole if it is small, else in parts, of which one is held at a time. A hash that was
 * said is compared before the upload is completed, as services compare none of the whole; where nothing can compute it, nothing is put.
 */
export async function putInParts<Part, Info>(
  stream: ReadableStream<Uint8Array>,
  options: PutOptions,
  whole: (bytes: Uint8Array) => Promise<Info>,
  begin: () => Promise<PartsUpload<Part, Info>>,
): Promise<Info> {
  const { sha256, signal } = options;
  const incoming = new SizedBody(stream, options);
  let hash: ReturnType<typeof hashEngine> | undefined;
  let upload: PartsUpload<Part, Info> | undefined;
  try {
    let bytes = await incoming.take(PART);
    if (bytes.byteLength < PART) return await whole(bytes);
    if (sha256) hash = hashEngine("sha256");
    upload = await begin();
    const parts: Part[] = [];
    for (; bytes.byteLength > 0; bytes = await incoming.take(PART)) {
      if (parts.length === MAX_PARTS) {
        throw new StoreError(
          "STORE_UNSUITABLE",
          `more than ${MAX_PARTS} parts of ${PART} bytes cannot be put without a size`,
        );
      }
      await hash?.update(bytes);
      parts.push(await upload.upload(parts.length + 1, bytes));
      signal?.throwIfAborted();
    }
    if (hash && (await hash.digest()) !== sha256) throw wrongHash();
    return await upload.complete(parts, incoming.received);
  } catch (error) {
    incoming.cancel(error);
    await upload?.abort().catch(() => {});
    throw error;
  } finally {
    hash?.dispose();
  }
}

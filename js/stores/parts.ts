import { digestStreamEngine } from "../engine/digest-stream.js";
import { nodeCryptoEngine } from "../engine/node-crypto.js";
import { StoreError } from "../errors.js";
import { wrongHash } from "./arguments.js";
import { Incoming } from "./content.js";
import type { PutOptions } from "./object-store.js";

/** Bytes of a part, all but the last: equal ones, as R2 wants them, of which at least 5 MiB and at most 10,000 are allowed. */
const PART = 8 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Where a multipart upload goes on. `Part` is what the service wants to know of each in the end. */
export interface PartsUpload<Part, Info> {
  upload(number: number, bytes: Uint8Array<ArrayBuffer>): Promise<Part>;
  complete(parts: Part[], size: number): Promise<Info>;
  abort(): Promise<unknown>;
}

/**
 * Puts a stream of which nobody knows the size: whole if it is small, else in parts, of which one is held at a time. A hash that was
 * said is compared before the upload is completed, as services compare none of the whole.
 */
export async function putInParts<Part, Info>(
  stream: ReadableStream<Uint8Array>,
  { size, sha256, signal }: PutOptions,
  whole: (bytes: Uint8Array<ArrayBuffer>) => Promise<Info>,
  begin: () => Promise<PartsUpload<Part, Info>>,
): Promise<Info> {
  const incoming = new Incoming(stream, size, signal);
  let upload: PartsUpload<Part, Info> | undefined;
  const hash = sha256 === undefined ? undefined : (nodeCryptoEngine("sha256") ?? digestStreamEngine("sha256"));
  try {
    let bytes = await incoming.take(PART);
    if (bytes.byteLength < PART) return await whole(bytes);
    upload = await begin();
    const parts: Part[] = [];
    let total = 0;
    while (bytes.byteLength > 0) {
      if (parts.length === MAX_PARTS) {
        throw new StoreError(
          "STORE_UNSUITABLE",
          `more than ${MAX_PARTS} parts of ${PART} bytes cannot be put without a size`,
        );
      }
      total += bytes.byteLength;
      await hash?.update(bytes);
      parts.push(await upload.upload(parts.length + 1, bytes));
      signal?.throwIfAborted();
      bytes = bytes.byteLength < PART ? bytes.subarray(0, 0) : await incoming.take(PART);
    }
    if (hash !== undefined && (await hash.digest()) !== sha256) throw wrongHash();
    return await upload.complete(parts, total);
  } catch (error) {
    await incoming.cancel(error);
    await upload?.abort().catch(() => {});
    throw error;
  } finally {
    hash?.dispose();
  }
}

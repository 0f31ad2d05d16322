/**
 * A store in an R2 bucket, through a Worker's binding. R2 takes one write a second for each key: what comes sooner rejects with `STORE_BUSY`.
 * https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
 *
 * @module pierhead/stores/r2
 */
import { OciError, StoreError } from "../errors.js";
import { lending } from "../lent.js";
import { orAborted } from "../source.js";
import { beyond, checkKeys, checkList, checkPut, checkRange, keyBytes, wrongHash } from "./arguments.js";
import { outgoing, SizedBody } from "./content.js";
import type { ListedObject, Listing, ObjectInfo, ObjectStore, PutOptions } from "./object-store.js";
import { isWhole, putInParts } from "./parts.js";

export { StoreError, type StoreErrorCode } from "../errors.js";
export type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";

/** What of the binding is used. An `R2Bucket` is one. */
export interface R2BucketLike {
  head(key: string): Promise<R2ObjectLike | null>;
  get(
    key: string,
    options?: { range?: { offset: number; length: number } },
  ): Promise<(R2ObjectLike & { readonly body: ReadableStream<Uint8Array> }) | null>;
  put(
    key: string,
    value: ReadableStream | ArrayBufferView,
    options?: { onlyIf?: { etagMatches?: string; etagDoesNotMatch?: string }; sha256?: string },
  ): Promise<R2ObjectLike | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options: {
    prefix?: string;
    startAfter?: string;
    cursor?: string;
    limit?: number;
  }): Promise<{ objects: R2ObjectLike[]; truncated: boolean; cursor?: string }>;
  createMultipartUpload(key: string): Promise<R2MultipartUploadLike>;
}

/** An `R2Object`. */
export interface R2ObjectLike {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly uploaded: Date;
}

/** An `R2MultipartUpload`. */
export interface R2MultipartUploadLike {
  uploadPart(number: number, value: ArrayBufferView): Promise<{ partNumber: number; etag: string }>;
  complete(parts: { partNumber: number; etag: string }[]): Promise<R2ObjectLike>;
  abort(): Promise<void>;
}

type FixedLength = new (size: number) => { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };

// The codes of R2: https://developers.cloudflare.com/r2/api/error-codes/
const BAD_DIGEST = 10037;
const TOO_MANY_REQUESTS = 10058;
const INVALID_OBJECT_NAME = 10020;

/** The objects of a bucket. */
export function r2(bucket: R2BucketLike): ObjectStore {
  return {
    verifiesSha256: true,

    async head(key, options) {
      keyBytes(key);
      return infoOf(await asked(options?.signal, () => bucket.head(key)));
    },

    async get(key, { range, signal } = {}) {
      keyBytes(key);
      checkRange(range);
      const part = range && {
        offset: range.start,
        length: Math.min(range.end - range.start + 1, Number.MAX_SAFE_INTEGER),
      };
      let found: Awaited<ReturnType<R2BucketLike["get"]>>;
      try {
        found = await asked(signal, () => bucket.get(key, part && { range: part }));
      } catch (error) {
        // That of a range that it does not like is not always R2's own code for it.
        const there = range && (await asked(signal, () => bucket.head(key)));
        if (there === null) return undefined;
        throw there && range.start >= there.size ? beyond(range.start, there.size) : error;
      }
      if (found === null) return undefined;
      const { size, body } = found;
      if (range !== undefined && range.start >= size) {
        await body.cancel().catch(() => {});
        throw beyond(range.start, size);
      }
      const length = range === undefined ? size : Math.min(range.end + 1, size) - range.start;
      // As R2 hands it out: the runtime passes such a body on without waking the Worker.
      return { info: infoOf(found), body: signal === undefined ? body : outgoing(body, length, { signal }) };
    },

    async put(key, content, options = {}) {
      checkPut(key, content, options);
      const { ifAbsent, ifVersion, sha256, signal } = options;
      const whole = { ...(sha256 !== undefined && { sha256 }), ...conditionOf(ifAbsent, ifVersion) };
      if (content instanceof Uint8Array) {
        return infoOf(await asked(signal, () => bucket.put(key, content, whole)));
      }
      if (!isWhole(options)) return await inParts(bucket, key, content, options);
      signal?.throwIfAborted();
      // A piece that was written has arrived in R2, so its buffer may be used again.
      const incoming = new SizedBody(lending(content) ?? content, options);
      return infoOf(await putStream(bucket, key, incoming, { signal, whole }));
    },

    async delete(keys, options) {
      checkKeys(keys);
      if (keys.length > 0) await asked(options?.signal, () => bucket.delete([...keys]));
    },

    async list(prefix, options = {}) {
      const limit = checkList(prefix, options);
      return await list(bucket, prefix, options.after, limit, options.signal);
    },
  };
}

async function list(
  bucket: R2BucketLike,
  prefix: string,
  after: string | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Listing> {
  const from = after === undefined || after === "" ? {} : { startAfter: after };
  let page = await asked(signal, () => bucket.list({ prefix, limit, ...from }));
  // What was deleted meanwhile may leave a page empty that is not the last.
  while (page.objects.length === 0 && page.truncated && page.cursor !== undefined) {
    const { cursor } = page;
    page = await asked(signal, () => bucket.list({ prefix, limit, cursor }));
  }
  const objects = page.objects.map(
    ({ key, size, uploaded }): ListedObject => ({ key, size, modified: uploaded.getTime() }),
  );
  return { objects, more: page.truncated && objects.length > 0 };
}

function conditionOf(ifAbsent: boolean | undefined, ifVersion: string | undefined) {
  // "*" stands for any object, as in If-None-Match (workerd, issue 2572).
  if (ifAbsent) return { onlyIf: { etagDoesNotMatch: "*" } };
  // Nor may a version be taken for that sign.
  return ifVersion === undefined ? {} : { onlyIf: { etagMatches: ifVersion === "*" ? "none" : ifVersion } };
}

/** R2 takes a stream only if the runtime knows its length. */
async function putStream(
  bucket: R2BucketLike,
  key: string,
  incoming: SizedBody,
  { signal, whole }: { signal: AbortSignal | undefined; whole: object },
): Promise<R2ObjectLike | null> {
  const { FixedLengthStream } = globalThis as { FixedLengthStream?: FixedLength };
  if (FixedLengthStream === undefined)
    throw new StoreError("STORE_UNSUITABLE", "there is no FixedLengthStream: not a Worker");
  const { readable, writable } = new FixedLengthStream(incoming.size as number);
  const writer = writable.getWriter();
  const fed = feed(incoming, writer);
  try {
    return await orAborted(bucket.put(key, readable, whole), signal);
  } catch (error) {
    // R2 may have fallen silent, and never read what is being written.
    writer.abort(error).catch(() => {});
    // What failed first: the stream, and R2 because of it, or R2.
    throw incoming.failure ? incoming.failure.reason : translated(error);
  } finally {
    // Where the condition does not hold nobody reads on.
    incoming.cancel();
    await fed;
  }
}

async function feed(incoming: SizedBody, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  try {
    for (let chunk = await incoming.read(); chunk !== undefined; chunk = await incoming.read())
      await writer.write(chunk);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
  }
}

async function inParts(
  bucket: R2BucketLike,
  key: string,
  stream: ReadableStream<Uint8Array>,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { sha256, signal } = options;
  return await putInParts(
    stream,
    options,
    async (bytes) => {
      const put = await asked(signal, () => bucket.put(key, bytes, sha256 === undefined ? {} : { sha256 }));
      if (put === null) throw new StoreError("STORE_UNAVAILABLE", "R2 refused what was put without a condition");
      return infoOf(put);
    },
    async () => {
      const upload = await asked(signal, () => bucket.createMultipartUpload(key));
      return {
        upload: (number, bytes) => asked(signal, () => upload.uploadPart(number, bytes)),
        complete: async (parts) => infoOf(await asked(signal, () => upload.complete(parts))),
        abort: () => upload.abort(),
      };
    },
  );
}

function infoOf(object: R2ObjectLike): ObjectInfo;
function infoOf(object: R2ObjectLike | null): ObjectInfo | undefined;
function infoOf(object: R2ObjectLike | null): ObjectInfo | undefined {
  return object ? { size: object.size, version: object.etag, modified: object.uploaded.getTime() } : undefined;
}

async function asked<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await orAborted(ask(), signal);
  } catch (error) {
    throw signal?.aborted ? signal.reason : translated(error);
  }
}

/** R2 puts its code behind the message. */
function translated(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const code = Number(/\((\d+)\)\s*$/.exec(message)?.[1]);
  if (code === BAD_DIGEST) return wrongHash();
  if (code === INVALID_OBJECT_NAME) return new OciError("INVALID_ARGUMENT", message, { cause: error });
  const busy = code === TOO_MANY_REQUESTS;
  return new StoreError(busy ? "STORE_BUSY" : "STORE_UNAVAILABLE", `R2: ${message}`, { cause: error });
}

/**
 * A store in a bucket of S3, or of a service that does as S3 does: `If-None-Match: *` and `If-Match` on `PutObject` above all. Before the
 * first use it is tried whether the service heeds them, and one that does not is refused.
 *
 * @module pierhead/stores/s3
 */
import { OciError, StoreError } from "../errors.js";
import { orAborted } from "../source.js";
import { beyond, checkKeys, checkList, checkPut, checkRange, keyBytes, wrongSize } from "./arguments.js";
import { Incoming, outgoing } from "./content.js";
import type {
  GetOptions,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";
import { type PartsUpload, putInParts } from "./parts.js";
import { probe } from "./s3/probe.js";
import { type S3Credentials, type S3Place, S3Service } from "./s3/service.js";
import { parseXml, textOf } from "./s3/xml.js";
import { toSortable } from "./sorted-keys.js";

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
export type { S3Credentials, S3Place };

/** Options of {@link s3}. */
export interface S3Options extends S3Place {
  /** What all keys begin with in the bucket: `registry/`. */
  readonly prefix?: string | undefined;
  /** Whether readers may be sent to the service by URLs that hold for so many seconds, 1 to 604,800: never, if left out. */
  readonly presign?: number | undefined;
}

/** Bytes that a service takes at once. */
const MAX_WHOLE = 5 * 1024 ** 3;

/** How many objects are deleted at the same time. */
const DELETIONS = 10;

/** The objects of a bucket whose keys begin with a prefix. */
export function s3(options: S3Options): ObjectStore {
  const { presign } = options;
  if (presign !== undefined && !(Number.isInteger(presign) && presign >= 1 && presign <= 604_800)) {
    throw new OciError("INVALID_ARGUMENT", "presign is 1 to 604800 seconds");
  }
  return presign === undefined ? new S3Store(options) : new PresigningStore(options, presign);
}

class S3Store implements ObjectStore {
  readonly service: S3Service;
  readonly #prefix: string;
  #proven: Promise<{ verifiesSha256: boolean }> | undefined;
  /** `false` before the first use, and of a service that has not proved it. */
  verifiesSha256 = false;

  constructor(options: S3Options) {
    this.service = new S3Service(options);
    this.#prefix = options.prefix ?? "";
    if (this.#prefix !== "") keyBytes(this.#prefix);
  }

  async head(key: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<ObjectInfo | undefined> {
    const path = this.path(key);
    await this.#ready(signal);
    const response = await this.service.send({ method: "HEAD", key: path, signal, repeatable: true, expected: [404] });
    return response.status === 404 ? undefined : infoOf(response, sizeOf(response));
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<StoredObject | undefined> {
    const path = this.path(key);
    checkRange(range);
    await this.#ready(signal);
    const headers = range && { Range: `bytes=${range.start}-${range.end}` };
    const expected = [404, 416];
    const response = await this.service.send({ method: "GET", key: path, headers, signal, repeatable: true, expected });
    if (response.status === 404 || response.status === 416) {
      await response.body?.cancel();
      if (response.status === 416 && range) throw beyond(range.start, "fewer");
      return undefined;
    }
    const length = sizeOf(response);
    const [, first, size = String(length)] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
    const whole = Number(size);
    if (
      range !== undefined &&
      (Number(first) !== range.start || length !== Math.min(range.end + 1, whole) - range.start)
    ) {
      await response.body?.cancel();
      throw new StoreError("STORE_UNAVAILABLE", "S3 answered with another range than was asked for");
    }
    const body = response.body ?? new Blob().stream();
    return {
      info: infoOf(response, whole),
      body: outgoing(body, length, { signal, idleTimeout: this.service.timeout }),
    };
  }

  async put(
    key: string,
    content: Uint8Array | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<ObjectInfo | undefined> {
    checkPut(key, content, options);
    const path = this.path(key);
    const { size, signal } = options;
    await this.#ready(signal);
    const headers = { ...conditionOf(options), ...checksumOf(options) };
    if (content instanceof Uint8Array) {
      if (size !== undefined && size !== content.byteLength)
        throw wrongSize(size, content.byteLength > size ? "more" : "fewer");
      return await this.#putBytes(path, content, headers, signal);
    }
    if (size === undefined || size > MAX_WHOLE) {
      if ("If-Match" in headers || "If-None-Match" in headers) {
        throw new OciError("INVALID_ARGUMENT", `more than ${MAX_WHOLE} bytes are put without a condition`);
      }
      return await this.#putInParts(path, content, options);
    }
    // Not every host sends an empty stream with a length.
    const incoming = new Incoming(content, size, signal);
    if (size === 0) return await this.#putBytes(path, await incoming.take(1), headers, signal);
    try {
      return await this.#put(path, incoming.stream(), size, headers, signal);
    } catch (error) {
      throw incoming.failure ? incoming.failure.reason : error;
    } finally {
      await incoming.cancel();
    }
  }

  async delete(keys: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkKeys(keys);
    const left = keys.map((key) => this.path(key));
    await this.#ready(signal);
    // One by one, since services want different checksums of a list, and XML cannot say every key.
    const work = async () => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        const response = await this.service.send({ method: "DELETE", key, signal, repeatable: true, expected: [404] });
        await response.body?.cancel();
      }
    };
    await Promise.all(Array.from({ length: DELETIONS }, work));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Listing> {
    const { after = "", signal } = options;
    const limit = checkList(prefix, options);
    await this.#ready(signal);
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      "max-keys": String(limit),
      prefix: this.#prefix + prefix,
      ...(after !== "" && { "start-after": this.#prefix + after }),
    };
    const response = await this.service.send({ method: "GET", query, signal, repeatable: true });
    const page = parseXml(await orAborted(this.service.text(response), signal));
    // Not every service does what `encoding-type` asks for, but then it does not say so either.
    const decode = textOf(page, "EncodingType") === "url" ? decoded : (key: string) => key;
    const objects = page.children
      .filter(({ name }) => name === "Contents")
      .map((entry) => ({
        key: this.#unprefixed(decode(textOf(entry, "Key") ?? "")),
        size: wholeNumber(textOf(entry, "Size")),
        modified: time(textOf(entry, "LastModified")),
      }));
    const more = textOf(page, "IsTruncated") === "true";
    if (page.name !== "ListBucketResult" || objects.length > limit || (more && objects.length === 0)) {
      throw new StoreError("STORE_UNAVAILABLE", "S3 answered with no page of a list");
    }
    let before = toSortable(after);
    for (const { key } of objects) {
      const place = toSortable(key);
      if (!key.startsWith(prefix) || place <= before)
        throw new StoreError("STORE_UNSUITABLE", "S3 lists what it was not asked for, or in another order");
      before = place;
    }
    return { objects, more };
  }

  /** The key in the bucket. */
  path(key: string): string {
    keyBytes(key);
    const path = this.#prefix + key;
    keyBytes(path);
    // URLs cannot say such parts, services refuse them, and XML has no such characters.
    if (/(^|\/)\.{1,2}(\/|$)/.test(path) || /\p{Cc}/u.test(path)) {
      throw new OciError("INVALID_ARGUMENT", "S3 takes no key with a part . or .., or with control characters");
    }
    return path;
  }

  #unprefixed(key: string): string {
    if (!key.startsWith(this.#prefix)) throw new StoreError("STORE_UNAVAILABLE", "S3 listed a key of another prefix");
    return key.slice(this.#prefix.length);
  }

  async #ready(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#proven ??= probe(this.service, this.#prefix);
    try {
      ({ verifiesSha256: this.verifiesSha256 } = await orAborted(this.#proven, signal));
    } catch (error) {
      // Tried anew: it may have been out of reach.
      if (!signal?.aborted) this.#proven = undefined;
      throw error;
    }
  }

  async #putBytes(
    key: string,
    bytes: Uint8Array,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<ObjectInfo | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#put(key, bytes, bytes.byteLength, headers, signal);
      } catch (error) {
        // Another writer was in the way, so that this one was not decided: nothing was done.
        if (!(error instanceof Conflict) || attempt === 8) throw error;
        await orAborted(new Promise((resolve) => setTimeout(resolve, 25 * 2 ** attempt * Math.random())), signal);
      }
    }
  }

  async #put(
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    size: number,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<ObjectInfo | undefined> {
    const conditional = "If-Match" in headers || "If-None-Match" in headers;
    const response = await this.service.send({
      method: "PUT",
      key,
      headers,
      body,
      size,
      signal,
      repeatable: !conditional,
      // 404: there is nothing that could be of that version. Where there need be nothing, it says that there is no bucket.
      expected: conditional ? [409, 412, ...("If-Match" in headers ? [404] : [])] : [],
    });
    await response.body?.cancel();
    if (response.status === 409)
      throw new Conflict("STORE_BUSY", "S3 could not tell which of several writers was first");
    return response.ok ? infoOf(response, size) : undefined;
  }

  async #putInParts(key: string, stream: ReadableStream<Uint8Array>, options: PutOptions): Promise<ObjectInfo> {
    const { signal } = options;
    return await putInParts(
      stream,
      options,
      async (bytes) => (await this.#putBytes(key, bytes, checksumOf(options), signal)) as ObjectInfo,
      () => this.#begin(key, signal),
    );
  }

  async #begin(key: string, signal: AbortSignal | undefined): Promise<PartsUpload<string, ObjectInfo>> {
    const begun = await this.service.send({ method: "POST", key, query: { uploads: "" }, signal, repeatable: true });
    const uploadId = textOf(parseXml(await this.service.text(begun)), "UploadId");
    if (!uploadId) throw new StoreError("STORE_UNAVAILABLE", "S3 began an upload without a name");
    return {
      upload: async (number, body) => {
        const query = { partNumber: String(number), uploadId };
        const size = body.byteLength;
        const response = await this.service.send({ method: "PUT", key, query, body, size, signal, repeatable: true });
        await response.body?.cancel();
        return `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etagOf(response))}</ETag></Part>`;
      },
      complete: async (parts, size) => {
        const body = new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
        const query = { uploadId };
        const response = await this.service.send({ method: "POST", key, query, body, size: body.byteLength, signal });
        // An error may come with the status 200, since the service cannot know it sooner.
        const result = parseXml(await orAborted(this.service.text(response), signal));
        const etag = textOf(result, "ETag");
        if (result.name !== "CompleteMultipartUploadResult" || !etag) {
          throw new StoreError(
            "STORE_UNAVAILABLE",
            `S3 did not complete an upload: ${textOf(result, "Code") ?? result.name}`,
          );
        }
        return { size, version: etag, modified: dateOf(response) };
      },
      abort: async () => {
        const response = await this.service.send({ method: "DELETE", key, query: { uploadId }, repeatable: true });
        await response.body?.cancel();
      },
    };
  }
}

/** What S3 answers with 409: nothing was done. */
class Conflict extends StoreError {}

class PresigningStore extends S3Store {
  readonly #seconds: number;

  constructor(options: S3Options, seconds: number) {
    super(options);
    this.#seconds = seconds;
  }

  async presign(key: string): Promise<string> {
    return await this.service.presign(this.path(key), this.#seconds);
  }
}

function conditionOf({ ifAbsent, ifVersion }: PutOptions): Record<string, string> {
  if (ifAbsent) return { "If-None-Match": "*" };
  // As it came, with its quotes. No version may be taken for the sign that stands for any.
  return ifVersion === undefined
    ? {}
    : { "If-Match": /^(W\/)?"[\x21\x23-\x7e]*"$/.test(ifVersion) ? ifVersion : '"none"' };
}

function checksumOf({ sha256 }: PutOptions): Record<string, string> {
  if (sha256 === undefined) return {};
  const bytes = sha256.replace(/../g, (digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  return { "x-amz-checksum-sha256": btoa(bytes), "x-amz-sdk-checksum-algorithm": "SHA256" };
}

function infoOf(response: Response, size: number): ObjectInfo {
  return { size, version: etagOf(response), modified: dateOf(response) };
}

function etagOf({ headers }: Response): string {
  const etag = headers.get("ETag");
  if (!etag) throw new StoreError("STORE_UNAVAILABLE", "S3 answered without an ETag");
  return etag;
}

function sizeOf({ headers }: Response): number {
  return wholeNumber(headers.get("Content-Length") ?? undefined);
}

function dateOf({ headers }: Response): number {
  return time(headers.get("Last-Modified") ?? headers.get("Date") ?? undefined);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw new StoreError("STORE_UNAVAILABLE", "S3 listed a key that is not encoded as it says", { cause });
  }
}

function wholeNumber(text: string | undefined): number {
  const number = Number(text);
  if (!text || !Number.isSafeInteger(number) || number < 0)
    throw new StoreError("STORE_UNAVAILABLE", "S3 answered without a size");
  return number;
}

function time(text: string | undefined): number {
  const milliseconds = Date.parse(text ?? "");
  return Number.isNaN(milliseconds) ? Date.now() : milliseconds;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

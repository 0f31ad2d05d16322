/**
 * A store in a bucket of S3, or of a service that does as S3 does: `If-None-Match: *` and `If-Match` on `PutObject` above all. Before the
 * first use it is tried whether the service heeds them, and one that does not is refused.
 *
 * @module pierhead/stores/s3
 */
import { StoreError } from "../errors.js";
import { orAborted } from "../source.js";
import { isCount } from "../stream.js";
import { beyond, checkKeys, checkList, checkPut, checkRange, invalid, keyBytes } from "./arguments.js";
import { outgoing, SizedBody } from "./content.js";
import type {
  GetOptions,
  ListedObject,
  Listing,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from "./object-store.js";
import { isWhole, type PartsUpload, putInParts } from "./parts.js";
import { probe } from "./s3/probe.js";
import { type S3Credentials, type S3Place, S3Service } from "./s3/service.js";
import { textOf } from "./s3/xml.js";
import { precedes } from "./sorted-keys.js";

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

/** How many objects are deleted at the same time. */
const DELETIONS = 10;

/** The objects of a bucket whose keys begin with a prefix. */
export function s3(options: S3Options): ObjectStore {
  return new S3Store(options);
}

class S3Store implements ObjectStore {
  readonly #service: S3Service;
  readonly #prefix: string;
  #proven: Promise<{ verifiesSha256: boolean }> | undefined;
  /** `false` before the first use, and of a service that has not proved it. */
  verifiesSha256 = false;
  readonly presign?: (key: string) => Promise<string>;

  constructor(options: S3Options) {
    const { prefix = "", presign } = options;
    this.#service = new S3Service(options);
    this.#prefix = prefix;
    if (prefix !== "") keyBytes(prefix);
    if (presign === undefined) return;
    if (!(Number.isInteger(presign) && presign >= 1 && presign <= 604_800)) {
      throw invalid("presign is 1 to 604800 seconds");
    }
    this.presign = async (key) => await this.#service.presign(this.#path(key), presign);
  }

  async head(key: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<ObjectInfo | undefined> {
    const path = this.#path(key);
    await this.#ready(signal);
    const response = await this.#service.send({ method: "HEAD", key: path, signal, repeatable: true, expected: [404] });
    return response.ok ? infoOf(response, sizeOf(response)) : undefined;
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<StoredObject | undefined> {
    const path = this.#path(key);
    checkRange(range);
    await this.#ready(signal);
    const headers = range && { Range: `bytes=${range.start}-${range.end}` };
    const expected = [404, 416];
    const response = await this.#service.send({
      method: "GET",
      key: path,
      headers,
      signal,
      repeatable: true,
      expected,
    });
    if (!response.ok) {
      await response.body?.cancel();
      if (response.status === 416 && range) throw beyond(range.start, "fewer");
      return undefined;
    }
    const length = sizeOf(response);
    const [, first, size = length] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
    const whole = Number(size);
    if (range && (Number(first) !== range.start || length !== Math.min(range.end + 1, whole) - range.start)) {
      await response.body?.cancel();
      throw unavailable("with another range than was asked for");
    }
    const body = response.body ?? new Blob().stream();
    return {
      info: infoOf(response, whole),
      body: outgoing(body, length, { signal, idleTimeout: this.#service.timeout }),
    };
  }

  async put(
    key: string,
    content: Uint8Array | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<ObjectInfo | undefined> {
    checkPut(key, content, options);
    const path = this.#path(key);
    await this.#ready(options.signal);
    if (content instanceof Uint8Array) return await this.#put(path, content, options);
    if (!isWhole(options)) {
      return await putInParts<string, ObjectInfo | undefined>(
        content,
        options,
        (bytes) => this.#put(path, bytes, options),
        () => this.#begin(path, options.signal),
      );
    }
    const incoming = new SizedBody(content, options);
    try {
      // Not every host sends an empty stream with a length.
      return await this.#put(path, incoming.size === 0 ? await incoming.take(1) : incoming, options);
    } finally {
      incoming.cancel();
    }
  }

  async delete(keys: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkKeys(keys);
    const left = keys.map((key) => this.#path(key));
    await this.#ready(signal);
    // One by one, since services want different checksums of a list, and XML cannot say every key.
    const work = async () => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        await this.#service.outcome({ method: "DELETE", key, signal, repeatable: true, expected: [404] });
      }
    };
    await Promise.all(Array.from({ length: DELETIONS }, work));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Listing> {
    const { after = "", signal } = options;
    const limit = checkList(prefix, options);
    await this.#ready(signal);
    const begin = this.#prefix + prefix;
    let before = this.#prefix + after;
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      "max-keys": String(limit),
      prefix: begin,
      ...(after !== "" && { "start-after": before }),
    };
    const response = await this.#service.send({ method: "GET", query, signal, repeatable: true });
    const page = await this.#service.parsed(response, signal);
    // Not every service does what `encoding-type` asks for, but then it does not say so either.
    const isEncoded = textOf(page, "EncodingType") === "url";
    const objects: ListedObject[] = [];
    for (const entry of page.children.filter(({ name }) => name === "Contents")) {
      const text = textOf(entry, "Key");
      const key = isEncoded ? decoded(text) : text;
      if (!key.startsWith(begin) || !precedes(before, key))
        throw new StoreError("STORE_UNSUITABLE", "S3 lists other keys, or in another order");
      before = key;
      const modified = time(textOf(entry, "LastModified"));
      objects.push({ key: key.slice(this.#prefix.length), size: wholeNumber(textOf(entry, "Size")), modified });
    }
    const more = textOf(page, "IsTruncated") === "true";
    if (page.name !== "ListBucketResult" || objects.length > limit || (more && objects.length === 0)) {
      throw unavailable("with no list");
    }
    return { objects, more };
  }

  /** The key in the bucket. */
  #path(key: string): string {
    keyBytes(key);
    const path = this.#prefix + key;
    keyBytes(path);
    // URLs cannot say such parts, services refuse them, and XML has no such characters.
    if (/(^|\/)\.{1,2}(\/|$)|\p{Cc}/u.test(path)) {
      throw invalid("S3 takes no key with a part . or .., or control characters");
    }
    return path;
  }

  async #ready(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#proven ??= probe(this.#service, this.#prefix);
    try {
      ({ verifiesSha256: this.verifiesSha256 } = await orAborted(this.#proven, signal));
    } catch (error) {
      // Tried anew: it may have been out of reach.
      if (!signal?.aborted) this.#proven = undefined;
      throw error;
    }
  }

  async #put(key: string, body: Uint8Array | SizedBody, options: PutOptions): Promise<ObjectInfo | undefined> {
    const { ifAbsent, ifVersion, signal } = options;
    const isConditional = ifAbsent || ifVersion !== undefined;
    const response = await this.#service.outcome({
      method: "PUT",
      key,
      headers: { ...conditionOf(options), ...checksumOf(options) },
      body,
      signal,
      repeatable: !isConditional,
      // 404: there is nothing that could be of that version. Where there need be nothing, it says that there is no bucket.
      expected: isConditional ? [412, ifAbsent ? 412 : 404] : [],
    });
    return response.ok
      ? infoOf(response, body instanceof Uint8Array ? body.byteLength : (body.size as number))
      : undefined;
  }

  async #begin(key: string, signal: AbortSignal | undefined): Promise<PartsUpload<string, ObjectInfo>> {
    const begun = await this.#service.send({ method: "POST", key, query: { uploads: "" }, signal, repeatable: true });
    const uploadId = textOf(await this.#service.parsed(begun, signal), "UploadId");
    if (!uploadId) throw unavailable("without an UploadId");
    return {
      upload: async (number, body) => {
        const query = { partNumber: String(number), uploadId };
        const response = await this.#service.outcome({ method: "PUT", key, query, body, signal, repeatable: true });
        const etag = etagOf(response).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
        return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
      },
      complete: async (parts, size) => {
        const body = encoder.encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
        // An error may come with the status 200, since the service cannot know it sooner.
        const response = await this.#service.send({ method: "POST", key, query: { uploadId }, body, signal });
        const result = await this.#service.parsed(response, signal);
        const version = textOf(result, "ETag");
        if (result.name !== "CompleteMultipartUploadResult" || !version)
          throw unavailable(`${textOf(result, "Code") || result.name}, not that an upload is complete`);
        return { size, version, modified: dateOf(response) };
      },
      abort: () => this.#service.outcome({ method: "DELETE", key, query: { uploadId }, repeatable: true }),
    };
  }
}

const encoder = new TextEncoder();

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

function dateOf({ headers }: Response): number {
  return time(headers.get("Last-Modified") ?? headers.get("Date"));
}

function etagOf({ headers }: Response): string {
  const etag = headers.get("ETag");
  if (!etag) throw unavailable("without an ETag");
  return etag;
}

function sizeOf({ headers }: Response): number {
  return wholeNumber(headers.get("Content-Length"));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw unavailable("with a key that is not encoded");
  }
}

function wholeNumber(text: string | null): number {
  const number = Number(text || Number.NaN);
  if (!isCount(number)) throw unavailable("without a size");
  return number;
}

function time(text: string | null): number {
  return Date.parse(text ?? "") || Date.now();
}

function unavailable(said: string): StoreError {
  return new StoreError("STORE_UNAVAILABLE", `S3 answered ${said}`);
}

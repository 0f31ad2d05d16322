/**
 * What the registry front asks of a store of objects: no more than R2, S3 and a file system have in common.
 *
 * A store is strongly consistent: what was put, replaced or deleted is so for every reader from the moment its promise resolves. Of
 * several conditional `put`s that meet the same state, exactly one succeeds.
 */
export interface ObjectStore {
  /** What is known of an object without its bytes; `undefined` if there is none. */
  head(key: string, options?: { signal?: AbortSignal | undefined }): Promise<ObjectInfo | undefined>;

  /**
   * An object, or a part of it; `undefined` if there is none. Bytes and `info` are of one version. The body must be read or cancelled;
   * it errors if not all of it comes. A range that begins at or behind the end rejects with a `RangeError`; one that ends behind it is cut there.
   */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;

  /**
   * Puts an object whole, or not at all: one whose stream errors, or is not of its `size`, or not of its `sha256`, leaves what was there, and rejects.
   * Resolves with `undefined` where the condition does not hold; the stream is then cancelled.
   */
  put(
    key: string,
    content: Uint8Array | ReadableStream<Uint8Array>,
    options?: PutOptions,
  ): Promise<ObjectInfo | undefined>;

  /** Deletes objects; what is not there is no failure. At most 1000 keys. */
  delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void>;

  /** Objects whose keys begin with `prefix`, in the order of their keys' bytes (UTF-8). */
  list(prefix: string, options?: ListOptions): Promise<Listing>;

  /** Whether `put` heeds `sha256`: content of another hash is refused, and need not be hashed before. */
  readonly verifiesSha256?: boolean;

  /**
   * A URL from which whoever holds it may read the object for some minutes, if the store can give one and the operator wants reads to
   * go there.
   */
  presign?(key: string): Promise<string | undefined>;
}

/** What is known of an object without its bytes. */
export interface ObjectInfo {
  /** In bytes. */
  readonly size: number;
  /**
   * Stands for this content of this key: {@link PutOptions.ifVersion}. May come again when the same bytes are put again, and is otherwise
   * never that of other bytes.
   */
  readonly version: string;
  /** When it was put, in milliseconds since 1970, by the store's clock. */
  readonly modified: number;
}

/** An object, or a part of it. */
export interface StoredObject {
  /** Of the whole object. */
  readonly info: ObjectInfo;
  readonly body: ReadableStream<Uint8Array>;
}

export interface GetOptions {
  /** The first and the last byte. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions {
  /** In bytes: known for most streams, and kept to. A stream without it may be of any size; the store holds no more than 16 MiB of it at a time. */
  readonly size?: number | undefined;
  /** Puts only where there is no object of this key. */
  readonly ifAbsent?: boolean | undefined;
  /** Puts only where the object is of this version. */
  readonly ifVersion?: string | undefined;
  /** What the content must hash to, in lower-case hexadecimal. Stores that cannot tell ({@link ObjectStore.verifiesSha256}) ignore it. */
  readonly sha256?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions {
  /** Begins behind this key, which need not exist. */
  readonly after?: string | undefined;
  /** At most so many, 1 to 1000; 1000 if left out. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Whether there are more behind the last of them. `true` may turn out wrong; with it `objects` is never empty. */
  readonly more: boolean;
}

/** An object as a listing has it. */
export interface ListedObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** When it was put, in milliseconds since 1970. */
  readonly modified: number;
}

/* tslint:disable */
/* eslint-disable */

/**
 * A client of one registry.
 */
export class RawClient {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A list, of what stands in `given`: a name, a digest, an artifact type; how many names at a time, after which, and how many pages at
     * most. It is of what refers to the digest, else of the tags of a repository, else, without a name, of the repositories.
     */
    list(given: Array<any>): RawPages;
    /**
     * `mirrors` are endpoints, to be tried in order, separated by spaces; a `concurrency` of 0 has no request wait for another.
     */
    constructor(endpoint: string, settings: any, plain_http: boolean, retries: number, concurrency: number, mirrors: string);
    /**
     * Begins the operation that the first of `given` names; what else each is given stands where it is read.
     */
    run(given: Array<any>): number;
    /**
     * `{limit, remaining, window}`, each where it is stated; `undefined` before any was.
     */
    readonly rateLimit: any;
}

/**
 * The options of a collection. Who holds them may end it.
 */
export class RawCollect {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Adds a policy behind those that are there.
     */
    keep(repositories: string, untagged: boolean, tags?: number | null, days?: number | null): void;
    /**
     * Times are in milliseconds.
     */
    constructor(budget: number, pages: number, interval: number, wait: number, set_bytes: number, dry: boolean);
    /**
     * Ends the visit at its next page.
     */
    stop(): void;
}

/**
 * A copy under way.
 */
export class RawCopy {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Bytes that are at hand.
     */
    bytes(at: number): Uint8Array;
    /**
     * Takes what was found in the source: the bytes of a manifest, or the JSON of a list of descriptors, which refer to it.
     */
    found(at: number, found: any): void;
    /**
     * A copy of what stands first in `given`, as the JSON of a list of its descriptor, and its bytes; then whether referrers come along,
     * and whether what follows is the one platform of [`Platforms::Image`], else those of [`Platforms::Some`]; all if none follows.
     */
    constructor(given: Array<any>);
    /**
     * What is to be done next: a `Batch`.
     */
    next(): any;
}

/**
 * A document that keeps its bytes.
 */
export class RawDocument {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    artifact(): any;
    descriptors(): any;
    static parse(bytes: Uint8Array | number[], media_type?: string | null): RawDocument;
    /**
     * The place among the manifests of an index of that for a platform; `undefined` if there is none.
     */
    selectPlatform(platform: string, exact: boolean): number | undefined;
    readonly kind: string;
    readonly mediaType: string | undefined;
}

/**
 * A front over one upstream.
 */
export class RawFront {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Answers a request, whose headers are lines of `name:value`, with `[status, headers, body]`: headers in such lines, and a `Uint8Array`, a
     * `HostBody` or `undefined`.
     */
    handle(method: string, target: string, headers: string): number;
    /**
     * `origins`: `undefined` lets pages of every origin read, an empty list none.
     */
    constructor(upstream: string, settings: any, origins?: string[] | null);
}

/**
 * A hash in progress.
 */
export class RawHasher {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The digest of what has come so far; the hash can go on.
     */
    digest(): string;
    constructor(algorithm: string);
    static restore(algorithm: string, state: Uint8Array | number[]): RawHasher;
    save(): Uint8Array;
    update(chunk: Uint8Array | number[]): void;
}

/**
 * A front over a store.
 */
export class RawHosted {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Deletes what is left of an upload that was ended, and its bytes unless a blob has them.
     */
    clear(id: string, keeps_bytes: boolean): number;
    /**
     * Collects for one visit, and gives the report.
     */
    collect(options: RawCollect): number;
    /**
     * Answers a request as [`RawFront::handle`] does; `body` is a `HostBody` or `undefined`. Where something is left to be deleted behind the answer,
     * that goes on with what [`RawHosted::clear`] is then to be given: plain values, which outlive this instance.
     */
    handle(method: string, target: string, headers: string, body: any): number;
    /**
     * `origins` as for [`RawFront`]. `grace` and `expiry` are in milliseconds, the sizes of chunks and of memory in bytes; `profile` is `undefined` for what is
     * refused in any case alone.
     */
    constructor(store: any, origins: string[] | null | undefined, grace: number, expiry: number, chunk_min: number | null | undefined, chunk_max: number | null | undefined, manifest_memory: number, profile: string | null | undefined, sparse: boolean, read_only: boolean);
}

/**
 * A list that is being read.
 */
export class RawPages {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The next page, an array that is never empty; `undefined` at the end.
     */
    next(): number;
}

/**
 * The hasher of a portion, as the host feeds it.
 */
export class RawTap {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * That was all.
     */
    end(): void;
    /**
     * Hashes the next bytes.
     */
    update(chunk: Uint8Array | number[]): void;
}

/**
 * A walk in progress.
 */
export class RawWalk {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The report on something that is no document, or is not there, by the id of the rule on layouts that it breaks.
     */
    broken(rule: string): any;
    /**
     * Takes the outcome of this number.
     */
    content(outcome: number): void;
    document(bytes: Uint8Array | number[]): boolean;
    /**
     * A walk. `bytes` is a whole number.
     */
    constructor(profile: string | null | undefined, layout: boolean, depth: number, descriptors: number, bytes: number);
    /**
     * What is needed next, or the report that is ready; `undefined` at the end.
     */
    next(): any;
    /**
     * Begins at a document; `expected` is JSON: see [`Expected::from_json`].
     */
    root(bytes: Uint8Array | number[], media_type: string | null | undefined, expected: string): void;
}

export function __wbg_reset_state(): void;

/**
 * Gives a task up; what it waits for is abandoned.
 */
export function cancel(task: number): void;

export function digest(algorithm: string, bytes: Uint8Array | number[]): string;

/**
 * A verdict, by the same options.
 */
export function isValid(bytes: Uint8Array | number[], media_type?: string | null, profile?: string | null, expected?: string | null): boolean;

export function parseDigest(text: string): any;

export function parsePlatform(text: string): any;

export function parseReference(text: string): any;

/**
 * Whether what is for the platform `image` will do for one who asks for `asked`; what is no platform never will.
 */
export function platformRuns(asked: string, image: string, exact: boolean): boolean;

/**
 * Goes on with a task until it must wait, or ends its promise. Nothing happens if the task has ended.
 */
export function poll(task: number): void;

/**
 * All rules.
 */
export function rules(): any;

/**
 * Brings what the host did for a slot: its value, or the error.
 */
export function settle(slot: number, succeeded: boolean, value: any): void;

/**
 * Gives the core its host. Called once for each instance, before anything else.
 */
export function start(host: any): void;

/**
 * A report; `mediaType`, `profile` and `expected` are those of the options, `undefined` for the defaults. `expected` is JSON: see
 * [`rules::Expected::from_json`]. `digest` is the document's, where the host has computed it.
 */
export function validate(bytes: Uint8Array | number[], media_type?: string | null, profile?: string | null, expected?: string | null, digest?: string | null): any;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_rawclient_free: (a: number, b: number) => void;
    readonly __wbg_rawcollect_free: (a: number, b: number) => void;
    readonly __wbg_rawcopy_free: (a: number, b: number) => void;
    readonly __wbg_rawdocument_free: (a: number, b: number) => void;
    readonly __wbg_rawfront_free: (a: number, b: number) => void;
    readonly __wbg_rawhasher_free: (a: number, b: number) => void;
    readonly __wbg_rawhosted_free: (a: number, b: number) => void;
    readonly __wbg_rawpages_free: (a: number, b: number) => void;
    readonly __wbg_rawtap_free: (a: number, b: number) => void;
    readonly __wbg_rawwalk_free: (a: number, b: number) => void;
    readonly cancel: (a: number) => void;
    readonly digest: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly isValid: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly parseDigest: (a: number, b: number) => [number, number, number];
    readonly parsePlatform: (a: number, b: number) => [number, number, number];
    readonly parseReference: (a: number, b: number) => [number, number, number];
    readonly platformRuns: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly poll: (a: number) => void;
    readonly rawclient_list: (a: number, b: any) => [number, number, number];
    readonly rawclient_new: (a: number, b: number, c: any, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly rawclient_rateLimit: (a: number) => any;
    readonly rawclient_run: (a: number, b: any) => number;
    readonly rawcollect_keep: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly rawcollect_new: (a: number, b: number, c: number, d: number, e: number, f: number) => number;
    readonly rawcollect_stop: (a: number) => void;
    readonly rawcopy_bytes: (a: number, b: number) => any;
    readonly rawcopy_found: (a: number, b: number, c: any) => [number, number];
    readonly rawcopy_new: (a: any) => [number, number, number];
    readonly rawcopy_next: (a: number) => [number, number, number];
    readonly rawdocument_artifact: (a: number) => [number, number, number];
    readonly rawdocument_descriptors: (a: number) => [number, number, number];
    readonly rawdocument_kind: (a: number) => [number, number];
    readonly rawdocument_mediaType: (a: number) => [number, number];
    readonly rawdocument_parse: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly rawdocument_selectPlatform: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly rawfront_handle: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => number;
    readonly rawfront_new: (a: number, b: number, c: any, d: number, e: number) => [number, number, number];
    readonly rawhasher_digest: (a: number) => [number, number];
    readonly rawhasher_new: (a: number, b: number) => [number, number, number];
    readonly rawhasher_restore: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly rawhasher_save: (a: number) => [number, number, number, number];
    readonly rawhasher_update: (a: number, b: number, c: number) => void;
    readonly rawhosted_clear: (a: number, b: number, c: number, d: number) => number;
    readonly rawhosted_collect: (a: number, b: number) => number;
    readonly rawhosted_handle: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: any) => number;
    readonly rawhosted_new: (a: any, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number, l: number, m: number, n: number) => [number, number, number];
    readonly rawpages_next: (a: number) => number;
    readonly rawtap_end: (a: number) => void;
    readonly rawtap_update: (a: number, b: number, c: number) => void;
    readonly rawwalk_broken: (a: number, b: number, c: number) => any;
    readonly rawwalk_content: (a: number, b: number) => void;
    readonly rawwalk_document: (a: number, b: number, c: number) => number;
    readonly rawwalk_new: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly rawwalk_next: (a: number) => any;
    readonly rawwalk_root: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number];
    readonly rules: () => any;
    readonly settle: (a: number, b: number, c: any) => void;
    readonly start: (a: any) => void;
    readonly validate: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number) => [number, number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __externref_drop_slice: (a: number, b: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;

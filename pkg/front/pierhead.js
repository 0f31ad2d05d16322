/* @ts-self-types="./pierhead.d.ts" */

/**
 * A client of one registry.
 */
export class RawClient {
    free() {
        wasm.b(__wbg_release(this, RawClientFinalization), 0);

    }
    /**
     * A list, of what stands in `given`: a name, a digest, an artifact type; how many names at a time, after which, and how many pages at
     * most. It is of what refers to the digest, else of the tags of a repository, else, without a name, of the repositories.
     * @param {Array<any>} given
     * @returns {RawPages}
     */
    list(given) {
        __wbg_hold(this);
        let ret = wasm.t(this.__wbg_ptr, given);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return RawPages.__wrap(ret[0]);
    }
    /**
     * `mirrors` are endpoints, to be tried in order, separated by spaces; a `concurrency` of 0 has no request wait for another.
     * @param {string} endpoint
     * @param {any} settings
     * @param {boolean} plain_http
     * @param {number} retries
     * @param {number} concurrency
     * @param {string} mirrors
     */
    constructor(endpoint, settings, plain_http, retries, concurrency, mirrors) {
        const val3 = +plain_http;
        const val4 = +retries;
        const val5 = +concurrency;
        let ptr0, len0, ptr1, len1;
            ptr0 = passStringToWasm0(endpoint);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(mirrors);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.u(ptr0, len0, settings, val3, val4, val5, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawClientFinalization);
        return this;
    }
    /**
     * `{limit, remaining, window}`, each where it is stated; `undefined` before any was.
     * @returns {any}
     */
    get rateLimit() {
        __wbg_hold(this);
        let ret = wasm.v(this.__wbg_ptr);
        return ret;
    }
    /**
     * Begins the operation that the first of `given` names; what else each is given stands where it is read.
     * @param {Array<any>} given
     * @returns {number}
     */
    run(given) {
        __wbg_hold(this);
        let ret = wasm.w(this.__wbg_ptr, given);
        return ret >>> 0;
    }
}

/**
 * The options of a collection. Who holds them may end it.
 */
export class RawCollect {
    free() {
        wasm.c(__wbg_release(this, RawCollectFinalization), 0);

    }
    /**
     * Adds a policy behind those that are there.
     * @param {string} repositories
     * @param {boolean} untagged
     * @param {number | null} [tags]
     * @param {number | null} [days]
     */
    keep(repositories, untagged, tags, days) {
        __wbg_hold(this);
        const val2 = +untagged;
        const val3 = +(isLikeNone(tags) ? Number.MAX_SAFE_INTEGER : (tags) >>> 0);
        const val4 = +(isLikeNone(days) ? Number.MAX_SAFE_INTEGER : (days) >>> 0);
        const ptr0 = passStringToWasm0(repositories);
        const len0 = WASM_VECTOR_LEN;
        wasm.x(this.__wbg_ptr, ptr0, len0, val2, val3, val4);
    }
    /**
     * Times are in milliseconds.
     * @param {number} budget
     * @param {number} pages
     * @param {number} interval
     * @param {number} wait
     * @param {number} set_bytes
     * @param {boolean} dry
     */
    constructor(budget, pages, interval, wait, set_bytes, dry) {
        let ret = wasm.y(budget, pages, interval, wait, set_bytes, dry);
        this.__wbg_ptr = ret;
        __wbg_keep(this, RawCollectFinalization);
        return this;
    }
    /**
     * Ends the visit at its next page.
     */
    stop() {
        __wbg_hold(this);
        wasm.z(this.__wbg_ptr);
    }
}

/**
 * A copy under way.
 */
export class RawCopy {
    free() {
        wasm.d(__wbg_release(this, RawCopyFinalization), 0);

    }
    /**
     * Bytes that are at hand.
     * @param {number} at
     * @returns {Uint8Array}
     */
    bytes(at) {
        __wbg_hold(this);
        let ret = wasm.a1(this.__wbg_ptr, at);
        return ret;
    }
    /**
     * Takes what was found in the source: the bytes of a manifest, or the JSON of a list of descriptors, which refer to it.
     * @param {number} at
     * @param {any} found
     */
    found(at, found) {
        __wbg_hold(this);
        let ret = wasm.b1(this.__wbg_ptr, at, found);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * A copy of what stands first in `given`, as the JSON of a list of its descriptor, and its bytes; then whether referrers come along,
     * and whether what follows is the one platform of [`Platforms::Image`], else those of [`Platforms::Some`]; all if none follows.
     * @param {Array<any>} given
     */
    constructor(given) {
        let ret = wasm.c1(given);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawCopyFinalization);
        return this;
    }
    /**
     * What is to be done next: a `Batch`.
     * @returns {any}
     */
    next() {
        __wbg_hold(this);
        let ret = wasm.d1(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
}

/**
 * A document that keeps its bytes.
 */
export class RawDocument {
    static __wrap(ptr) {
        const obj = Object.create(RawDocument.prototype);
        obj.__wbg_ptr = ptr;
        __wbg_keep(obj, RawDocumentFinalization);
        return obj;
    }
    free() {
        wasm.e(__wbg_release(this, RawDocumentFinalization), 0);

    }
    /**
     * @returns {any}
     */
    artifact() {
        __wbg_hold(this);
        let ret = wasm.e1(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * @returns {any}
     */
    descriptors() {
        __wbg_hold(this);
        let ret = wasm.f1(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * @returns {string}
     */
    get kind() {
            __wbg_hold(this);
            let ret = wasm.g1(this.__wbg_ptr);
        return __wbg_text(ret);
    }
    /**
     * @returns {string | undefined}
     */
    get mediaType() {
        __wbg_hold(this);
        let ret = wasm.h1(this.__wbg_ptr);
        let v1;
        if (ret[0] !== 0) {
            v1 = getStringFromWasm0(ret[0], ret[1]);
            wasm.m2(ret[0], ret[1], 1);
        }
        return v1;
    }
    /**
     * @param {Uint8Array | number[]} bytes
     * @param {string | null} [media_type]
     * @returns {RawDocument}
     */
    static parse(bytes, media_type) {
        let ptr0, len0, ptr1, len1;
            ptr0 = passArray8ToWasm0(bytes);
            len0 = WASM_VECTOR_LEN;
            ptr1 = isLikeNone(media_type) ? 0 : passStringToWasm0(media_type);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.i1(ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return RawDocument.__wrap(ret[0]);
    }
    /**
     * The place among the manifests of an index of that for a platform; `undefined` if there is none.
     * @param {string} platform
     * @param {boolean} exact
     * @returns {number | undefined}
     */
    selectPlatform(platform, exact) {
        __wbg_hold(this);
        const val2 = +exact;
        const ptr0 = passStringToWasm0(platform);
        const len0 = WASM_VECTOR_LEN;
        let ret = wasm.j1(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] === Number.MAX_SAFE_INTEGER ? undefined : ret[0];
    }
}

/**
 * A front over one upstream.
 */
export class RawFront {
    free() {
        wasm.f(__wbg_release(this, RawFrontFinalization), 0);

    }
    /**
     * Answers a request, whose headers are lines of `name:value`, with `[status, headers, body]`: headers in such lines, and a `Uint8Array`, a
     * `HostBody` or `undefined`.
     * @param {string} method
     * @param {string} target
     * @param {string} headers
     * @returns {number}
     */
    handle(method, target, headers) {
        __wbg_hold(this);
        let ptr0, len0, ptr1, len1, ptr2, len2;
            ptr0 = passStringToWasm0(method);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(target);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passStringToWasm0(headers);
            len2 = WASM_VECTOR_LEN;
        let ret = wasm.k1(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2);
        return ret >>> 0;
    }
    /**
     * `origins`: `undefined` lets pages of every origin read, an empty list none.
     * @param {string} upstream
     * @param {any} settings
     * @param {string[] | null} [origins]
     */
    constructor(upstream, settings, origins) {
        let ptr0, len0, ptr1, len1;
            ptr0 = passStringToWasm0(upstream);
            len0 = WASM_VECTOR_LEN;
            ptr1 = isLikeNone(origins) ? 0 : passArrayJsValueToWasm0(origins);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.l1(ptr0, len0, settings, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawFrontFinalization);
        return this;
    }
}

/**
 * A hash in progress.
 */
export class RawHasher {
    static __wrap(ptr) {
        const obj = Object.create(RawHasher.prototype);
        obj.__wbg_ptr = ptr;
        __wbg_keep(obj, RawHasherFinalization);
        return obj;
    }
    free() {
        wasm.g(__wbg_release(this, RawHasherFinalization), 0);

    }
    /**
     * The digest of what has come so far; the hash can go on.
     * @returns {string}
     */
    digest() {
            __wbg_hold(this);
            let ret = wasm.m1(this.__wbg_ptr);
        return __wbg_text(ret);
    }
    /**
     * @param {string} algorithm
     */
    constructor(algorithm) {
        const ptr0 = passStringToWasm0(algorithm);
        const len0 = WASM_VECTOR_LEN;
        let ret = wasm.n1(ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawHasherFinalization);
        return this;
    }
    /**
     * @param {string} algorithm
     * @param {Uint8Array | number[]} state
     * @returns {RawHasher}
     */
    static restore(algorithm, state) {
        let ptr0, len0, ptr1, len1;
            ptr0 = passStringToWasm0(algorithm);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(state);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.o1(ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return RawHasher.__wrap(ret[0]);
    }
    /**
     * @returns {Uint8Array}
     */
    save() {
        __wbg_hold(this);
        let ret = wasm.p1(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.m2(ret[0], ret[1], 1);
        return v1;
    }
    /**
     * @param {Uint8Array | number[]} chunk
     */
    update(chunk) {
        __wbg_hold(this);
        const ptr0 = passArray8ToWasm0(chunk);
        const len0 = WASM_VECTOR_LEN;
        wasm.q1(this.__wbg_ptr, ptr0, len0);
    }
}

/**
 * A front over a store.
 */
export class RawHosted {
    free() {
        wasm.h(__wbg_release(this, RawHostedFinalization), 0);

    }
    /**
     * Deletes what is left of an upload that was ended, and its bytes unless a blob has them.
     * @param {string} id
     * @param {boolean} keeps_bytes
     * @returns {number}
     */
    clear(id, keeps_bytes) {
        __wbg_hold(this);
        const val2 = +keeps_bytes;
        const ptr0 = passStringToWasm0(id);
        const len0 = WASM_VECTOR_LEN;
        let ret = wasm.r1(this.__wbg_ptr, ptr0, len0, val2);
        return ret >>> 0;
    }
    /**
     * Collects for one visit, and gives the report.
     * @param {RawCollect} options
     * @returns {number}
     */
    collect(options) {
        __wbg_hold(this);
        _assertClass(options, RawCollect);
        __wbg_hold(options);
        let ret = wasm.s1(this.__wbg_ptr, options.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Answers a request as [`RawFront::handle`] does; `body` is a `HostBody` or `undefined`. Where something is left to be deleted behind the answer,
     * that goes on with what [`RawHosted::clear`] is then to be given: plain values, which outlive this instance.
     * @param {string} method
     * @param {string} target
     * @param {string} headers
     * @param {any} body
     * @returns {number}
     */
    handle(method, target, headers, body) {
        __wbg_hold(this);
        let ptr0, len0, ptr1, len1, ptr2, len2;
            ptr0 = passStringToWasm0(method);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(target);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passStringToWasm0(headers);
            len2 = WASM_VECTOR_LEN;
        let ret = wasm.t1(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2, body);
        return ret >>> 0;
    }
    /**
     * `origins` as for [`RawFront`]. `grace` and `expiry` are in milliseconds, the sizes of chunks and of memory in bytes; `profile` is `undefined` for what is
     * refused in any case alone.
     * @param {any} store
     * @param {string[] | null | undefined} origins
     * @param {number} grace
     * @param {number} expiry
     * @param {number | null | undefined} chunk_min
     * @param {number | null | undefined} chunk_max
     * @param {number} manifest_memory
     * @param {string | null | undefined} profile
     * @param {boolean} sparse
     * @param {boolean} read_only
     */
    constructor(store, origins, grace, expiry, chunk_min, chunk_max, manifest_memory, profile, sparse, read_only) {
        const val3 = +grace;
        const val4 = +expiry;
        const val5 = +(isLikeNone(chunk_min) ? 0 : chunk_min);
        const val6 = +(isLikeNone(chunk_max) ? 0 : chunk_max);
        const val7 = +manifest_memory;
        const val8 = +sparse;
        const val9 = +read_only;
        let ptr0, len0, ptr1, len1;
            ptr0 = isLikeNone(origins) ? 0 : passArrayJsValueToWasm0(origins);
            len0 = WASM_VECTOR_LEN;
            ptr1 = isLikeNone(profile) ? 0 : passStringToWasm0(profile);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.u1(store, ptr0, len0, val3, val4, !isLikeNone(chunk_min), val5, !isLikeNone(chunk_max), val6, val7, ptr1, len1, val8, val9);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawHostedFinalization);
        return this;
    }
}

/**
 * A list that is being read.
 */
export class RawPages {
    static __wrap(ptr) {
        const obj = Object.create(RawPages.prototype);
        obj.__wbg_ptr = ptr;
        __wbg_keep(obj, RawPagesFinalization);
        return obj;
    }
    free() {
        wasm.i(__wbg_release(this, RawPagesFinalization), 0);

    }
    /**
     * The next page, an array that is never empty; `undefined` at the end.
     * @returns {number}
     */
    next() {
        __wbg_hold(this);
        let ret = wasm.v1(this.__wbg_ptr);
        return ret >>> 0;
    }
}

/**
 * The hasher of a portion, as the host feeds it.
 */
export class RawTap {
    static __wrap(ptr) {
        const obj = Object.create(RawTap.prototype);
        obj.__wbg_ptr = ptr;
        __wbg_keep(obj, RawTapFinalization);
        return obj;
    }
    free() {
        wasm.j(__wbg_release(this, RawTapFinalization), 0);

    }
    /**
     * That was all.
     */
    end() {
        __wbg_hold(this);
        wasm.w1(this.__wbg_ptr);
    }
    /**
     * Hashes the next bytes.
     * @param {Uint8Array | number[]} chunk
     */
    update(chunk) {
        __wbg_hold(this);
        const ptr0 = passArray8ToWasm0(chunk);
        const len0 = WASM_VECTOR_LEN;
        wasm.x1(this.__wbg_ptr, ptr0, len0);
    }
}

/**
 * A walk in progress.
 */
export class RawWalk {
    free() {
        wasm.k(__wbg_release(this, RawWalkFinalization), 0);

    }
    /**
     * The report on something that is no document, or is not there, by the id of the rule on layouts that it breaks.
     * @param {string} rule
     * @returns {any}
     */
    broken(rule) {
        __wbg_hold(this);
        const ptr0 = passStringToWasm0(rule);
        const len0 = WASM_VECTOR_LEN;
        let ret = wasm.y1(this.__wbg_ptr, ptr0, len0);
        return ret;
    }
    /**
     * Takes the outcome of this number.
     * @param {number} outcome
     */
    content(outcome) {
        __wbg_hold(this);
        wasm.z1(this.__wbg_ptr, outcome);
    }
    /**
     * @param {Uint8Array | number[]} bytes
     * @returns {boolean}
     */
    document(bytes) {
        __wbg_hold(this);
        const ptr0 = passArray8ToWasm0(bytes);
        const len0 = WASM_VECTOR_LEN;
        let ret = wasm.a2(this.__wbg_ptr, ptr0, len0);
        return ret !== 0;
    }
    /**
     * A walk. `bytes` is a whole number.
     * @param {string | null | undefined} profile
     * @param {boolean} layout
     * @param {number} depth
     * @param {number} descriptors
     * @param {number} bytes
     */
    constructor(profile, layout, depth, descriptors, bytes) {
        const val2 = +layout;
        const val3 = +depth;
        const val4 = +descriptors;
        const val5 = +bytes;
        var ptr0 = isLikeNone(profile) ? 0 : passStringToWasm0(profile);
        var len0 = WASM_VECTOR_LEN;
        let ret = wasm.b2(ptr0, len0, val2, val3, val4, val5);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        __wbg_keep(this, RawWalkFinalization);
        return this;
    }
    /**
     * What is needed next, or the report that is ready; `undefined` at the end.
     * @returns {any}
     */
    next() {
        __wbg_hold(this);
        let ret = wasm.c2(this.__wbg_ptr);
        return ret;
    }
    /**
     * Begins at a document; `expected` is JSON: see [`Expected::from_json`].
     * @param {Uint8Array | number[]} bytes
     * @param {string | null | undefined} media_type
     * @param {string} expected
     */
    root(bytes, media_type, expected) {
        __wbg_hold(this);
        let ptr0, len0, ptr1, len1, ptr2, len2;
            ptr0 = passArray8ToWasm0(bytes);
            len0 = WASM_VECTOR_LEN;
            ptr1 = isLikeNone(media_type) ? 0 : passStringToWasm0(media_type);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passStringToWasm0(expected);
            len2 = WASM_VECTOR_LEN;
        let ret = wasm.d2(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
}

export function __wbg_reset_state () {
    __wbg_instance_id++;
    cachedDataViewMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    if (typeof numBytesDecoded !== 'undefined') numBytesDecoded = 0;
    if (typeof WASM_VECTOR_LEN !== 'undefined') WASM_VECTOR_LEN = 0;
    __wbg_reinit_scheduled = false;
    wasmInstance = new WebAssembly.Instance(wasmModule, __wbg_get_imports());
    wasm = wasmInstance.exports;
    wasm.s2();
}

/**
 * Gives a task up; what it waits for is abandoned.
 * @param {number} task
 */
export function cancel(task) {
    wasm.l(task);
}

/**
 * @param {string} algorithm
 * @param {Uint8Array | number[]} bytes
 * @returns {string}
 */
export function digest(algorithm, bytes) {
    let deferred4_0;
    let deferred4_1;
    try {
        let ptr0, len0, ptr1, len1;
            ptr0 = passStringToWasm0(algorithm);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(bytes);
            len1 = WASM_VECTOR_LEN;
        let ret = wasm.m(ptr0, len0, ptr1, len1);
        var ptr3 = ret[0];
        var len3 = ret[1];
        if (ret[3]) {
            ptr3 = 0; len3 = 0;
            throw takeFromExternrefTable0(ret[2]);
        }
        deferred4_0 = ptr3;
        deferred4_1 = len3;
        return getStringFromWasm0(ptr3, len3);
    } finally {
        wasm.m2(deferred4_0, deferred4_1, 1);
    }
}

/**
 * A verdict, by the same options.
 * @param {Uint8Array | number[]} bytes
 * @param {string | null} [media_type]
 * @param {string | null} [profile]
 * @param {string | null} [expected]
 * @returns {boolean}
 */
export function isValid(bytes, media_type, profile, expected) {
    let ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3;
        ptr0 = passArray8ToWasm0(bytes);
        len0 = WASM_VECTOR_LEN;
        ptr1 = isLikeNone(media_type) ? 0 : passStringToWasm0(media_type);
        len1 = WASM_VECTOR_LEN;
        ptr2 = isLikeNone(profile) ? 0 : passStringToWasm0(profile);
        len2 = WASM_VECTOR_LEN;
        ptr3 = isLikeNone(expected) ? 0 : passStringToWasm0(expected);
        len3 = WASM_VECTOR_LEN;
    let ret = wasm.n(ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return ret[0] !== 0;
}

/**
 * @param {string} text
 * @returns {any}
 */
export function parseDigest(text) {
    const ptr0 = passStringToWasm0(text);
    const len0 = WASM_VECTOR_LEN;
    let ret = wasm.o(ptr0, len0);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return takeFromExternrefTable0(ret[0]);
}

/**
 * @param {string} text
 * @returns {any}
 */
export function parsePlatform(text) {
    const ptr0 = passStringToWasm0(text);
    const len0 = WASM_VECTOR_LEN;
    let ret = wasm.p(ptr0, len0);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return takeFromExternrefTable0(ret[0]);
}

/**
 * @param {string} text
 * @returns {any}
 */
export function parseReference(text) {
    const ptr0 = passStringToWasm0(text);
    const len0 = WASM_VECTOR_LEN;
    let ret = wasm.q(ptr0, len0);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return takeFromExternrefTable0(ret[0]);
}

/**
 * Whether what is for the platform `image` will do for one who asks for `asked`; what is no platform never will.
 * @param {string} asked
 * @param {string} image
 * @param {boolean} exact
 * @returns {boolean}
 */
export function platformRuns(asked, image, exact) {
    const val3 = +exact;
    let ptr0, len0, ptr1, len1;
        ptr0 = passStringToWasm0(asked);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passStringToWasm0(image);
        len1 = WASM_VECTOR_LEN;
    let ret = wasm.r(ptr0, len0, ptr1, len1, val3);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return ret[0] !== 0;
}

/**
 * Goes on with a task until it must wait, or ends its promise. Nothing happens if the task has ended.
 * @param {number} task
 */
export function poll(task) {
    wasm.s(task);
}

/**
 * All rules.
 * @returns {any}
 */
export function rules() {
    let ret = wasm.e2();
    return ret;
}

/**
 * Brings what the host did for a slot: its value, or the error.
 * @param {number} slot
 * @param {boolean} succeeded
 * @param {any} value
 */
export function settle(slot, succeeded, value) {
    wasm.settle(slot, succeeded, value);
}

/**
 * Gives the core its host. Called once for each instance, before anything else.
 * @param {any} host
 */
export function start(host) {
    wasm.g2(host);
}

/**
 * A report; `mediaType`, `profile` and `expected` are those of the options, `undefined` for the defaults. `expected` is JSON: see
 * [`rules::Expected::from_json`]. `digest` is the document's, where the host has computed it.
 * @param {Uint8Array | number[]} bytes
 * @param {string | null} [media_type]
 * @param {string | null} [profile]
 * @param {string | null} [expected]
 * @param {string | null} [digest]
 * @returns {any}
 */
export function validate(bytes, media_type, profile, expected, digest) {
    let ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3, ptr4, len4;
        ptr0 = passArray8ToWasm0(bytes);
        len0 = WASM_VECTOR_LEN;
        ptr1 = isLikeNone(media_type) ? 0 : passStringToWasm0(media_type);
        len1 = WASM_VECTOR_LEN;
        ptr2 = isLikeNone(profile) ? 0 : passStringToWasm0(profile);
        len2 = WASM_VECTOR_LEN;
        ptr3 = isLikeNone(expected) ? 0 : passStringToWasm0(expected);
        len3 = WASM_VECTOR_LEN;
        ptr4 = isLikeNone(digest) ? 0 : passStringToWasm0(digest);
        len4 = WASM_VECTOR_LEN;
    let ret = wasm.validate(ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3, ptr4, len4);
    if (ret[2]) {
        throw takeFromExternrefTable0(ret[1]);
    }
    return takeFromExternrefTable0(ret[0]);
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        is_falsy: (arg0) => {
            const ret = !arg0;
            return ret;
        },
        is_undefined: (arg0) => {
            const ret = arg0 === undefined;
            return ret;
        },
        number_get: (arg0, arg1) => {
            const obj = arg1;
            const ret = typeof(obj) === 'number' ? obj : undefined;
            getDataViewMemory0().setFloat64((arg0 >>> 0) + 8, isLikeNone(ret) ? 0 : ret, true);
            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, !isLikeNone(ret), true);
        },
        string_get: (arg0, arg1) => {
            const obj = arg1;
            const ret = typeof(obj) === 'string' ? obj : undefined;
            var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret);
            var len1 = WASM_VECTOR_LEN;
            getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, true);
            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);
        },
        throw: (arg0, arg1) => {
            throw new Error(getStringFromWasm0(arg0, arg1));
        },
        abandon: (arg0, arg1) => {
            arg0.abandon(arg1 >>> 0);
        },
        body: (arg0) => {
            const ret = arg0.body;
            return ret;
        },
        call: (arg0, arg1, arg2, arg3, arg4, arg5) => {
            arg0.call(arg1 >>> 0, arg2 >>> 0, getStringFromWasm0(arg3, arg4), arg5);
        },
        cancel: (arg0, arg1) => {
            arg0.cancel(arg1);
        },
        credential: (arg0, arg1, arg2, arg3, arg4, arg5) => {
            arg0.credential(arg1 >>> 0, arg2 >>> 0, arg3, getStringFromWasm0(arg4, arg5));
        },
        digest: (arg0) => {
            const ret = arg0.digest;
            return ret;
        },
        fetchUnheeded: (arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7) => {
            arg0.fetchUnheeded(arg1, getStringFromWasm0(arg2, arg3), getStringFromWasm0(arg4, arg5), getStringFromWasm0(arg6, arg7));
        },
        fetch: (arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11) => {
            arg0.fetch(arg1 >>> 0, arg2 >>> 0, arg3, getStringFromWasm0(arg4, arg5), getStringFromWasm0(arg6, arg7), getStringFromWasm0(arg8, arg9), arg10, arg11);
        },
        get2: (...given) => handleError((arg0, arg1) => {
            const ret = Reflect.get(arg0, arg1);
            return ret;
        }, given),
        get: (arg0, arg1) => {
            const ret = arg0[arg1 >>> 0];
            return ret;
        },
        headers: (arg0) => {
            const ret = arg0.headers;
            return ret;
        },
        instanceof_Uint8Array: (arg0) => {
            let result;
            try {
                result = arg0 instanceof Uint8Array;
            } catch (_) {
                result = false;
            }
            const ret = result;
            return ret;
        },
        isArray: (arg0) => {
            const ret = Array.isArray(arg0);
            return ret;
        },
        length2: (arg0) => {
            const ret = arg0.length;
            return ret;
        },
        length: (arg0) => {
            const ret = arg0.length;
            return ret;
        },
        new: () => {
            const ret = new Array();
            return ret;
        },
        new2: () => {
            const ret = new Object();
            return ret;
        },
        new_from_slice: (arg0, arg1) => {
            const ret = new Uint8Array(getArrayU8FromWasm0(arg0, arg1));
            return ret;
        },
        new_with_length: (arg0) => {
            const ret = new Uint8Array(arg0 >>> 0);
            return ret;
        },
        now: (arg0) => {
            const ret = arg0.now();
            return ret;
        },
        of: (arg0) => {
            const ret = Array.of(arg0);
            return ret;
        },
        of3: (arg0, arg1, arg2) => {
            const ret = Array.of(arg0, arg1, arg2);
            return ret;
        },
        of2: (arg0, arg1, arg2, arg3, arg4) => {
            const ret = Array.of(arg0, arg1, arg2, arg3, arg4);
            return ret;
        },
        open: (arg0, arg1, arg2, arg3, arg4) => {
            arg0.open(arg1 >>> 0, arg2 >>> 0, arg3, arg4);
        },
        parse: (...given) => handleError((arg0, arg1) => {
            const ret = JSON.parse(getStringFromWasm0(arg0, arg1));
            return ret;
        }, given),
        portion: (arg0, arg1, arg2, arg3) => {
            const ret = arg0.portion(arg1, arg2, RawTap.__wrap(arg3));
            return ret;
        },
        prototypesetcall: (arg0, arg1, arg2) => {
            Uint8Array.prototype.set.call(getArrayU8FromWasm0(arg0, arg1), arg2);
        },
        push: (arg0, arg1) => {
            const ret = arg0.push(arg1);
            return ret;
        },
        random: (arg0) => {
            const ret = arg0.random();
            return ret;
        },
        read: (arg0, arg1, arg2, arg3) => {
            arg0.read(arg1 >>> 0, arg2 >>> 0, arg3);
        },
        reject: (arg0, arg1, arg2) => {
            arg0.reject(arg1 >>> 0, arg2);
        },
        reopens: (arg0) => {
            const ret = arg0.reopens;
            return ret;
        },
        resolve: (arg0, arg1, arg2) => {
            arg0.resolve(arg1 >>> 0, arg2);
        },
        schedule: (arg0, arg1) => {
            arg0.schedule(arg1 >>> 0);
        },
        secret: (arg0) => {
            const ret = arg0.secret();
            return ret;
        },
        sent: (arg0, arg1) => {
            arg0.sent(arg1);
        },
        set: (...given) => handleError((arg0, arg1, arg2) => {
            const ret = Reflect.set(arg0, arg1, arg2);
            return ret;
        }, given),
        size: (arg0) => {
            const ret = arg0.size;
            return ret;
        },
        sleep: (arg0, arg1, arg2, arg3) => {
            arg0.sleep(arg1 >>> 0, arg2 >>> 0, arg3);
        },
        status: (arg0) => {
            const ret = arg0.status;
            return ret;
        },
        subarray: (arg0, arg1, arg2) => {
            const ret = arg0.subarray(arg1 >>> 0, arg2 >>> 0);
            return ret;
        },
        take: (arg0, arg1, arg2, arg3, arg4) => {
            arg0.take(arg1 >>> 0, arg2 >>> 0, arg3, arg4);
        },
        url: (arg0) => {
            const ret = arg0.url;
            return ret;
        },
        verified: (arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7) => {
            const ret = arg0.verified(arg1, getStringFromWasm0(arg2, arg3), arg4, arg5, arg6, arg7 !== 0);
            return ret;
        },
        verifies: (arg0) => {
            const ret = arg0.verifies;
            return ret;
        },
        warned: (arg0, arg1, arg2, arg3, arg4, arg5) => {
            arg0.warned(arg1, getStringFromWasm0(arg2, arg3), getStringFromWasm0(arg4, arg5));
        },
        generic: (arg0) => {
            // Cast intrinsic for `F64 -> Externref`.
            const ret = arg0;
            return ret;
        },
        generic2: (arg0, arg1) => {
            // Cast intrinsic for `Ref(String) -> Externref`.
            const ret = getStringFromWasm0(arg0, arg1);
            return ret;
        },
        init_externref_table: () => {
            const table = wasm.p2;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
    };
    return {
        __proto__: null,
        "./pierhead_bg.js": import0,
    };
}



let __wbg_instance_id = 0;
const RawClientFinalization = __wbg_finalization((ptr) => wasm.b(ptr, 1));
const RawCollectFinalization = __wbg_finalization((ptr) => wasm.c(ptr, 1));
const RawCopyFinalization = __wbg_finalization((ptr) => wasm.d(ptr, 1));
const RawDocumentFinalization = __wbg_finalization((ptr) => wasm.e(ptr, 1));
const RawFrontFinalization = __wbg_finalization((ptr) => wasm.f(ptr, 1));
const RawHasherFinalization = __wbg_finalization((ptr) => wasm.g(ptr, 1));
const RawHostedFinalization = __wbg_finalization((ptr) => wasm.h(ptr, 1));
const RawPagesFinalization = __wbg_finalization((ptr) => wasm.i(ptr, 1));
const RawTapFinalization = __wbg_finalization((ptr) => wasm.j(ptr, 1));
const RawWalkFinalization = __wbg_finalization((ptr) => wasm.k(ptr, 1));

function addToExternrefTable0(obj) {
    const idx = wasm.o2();
    wasm.p2.set(idx, obj);
    return idx;
}

function _assertClass(instance, klass) {
    if (!(instance instanceof klass)) {
        throw new Error(`expected instance of ${klass.name}`);
    }
}

function getArrayU8FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint8ArrayMemory0().subarray(ptr, ptr + len);
}

let cachedDataViewMemory0 = null;
function getDataViewMemory0() {
    if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)) {
        cachedDataViewMemory0 = new DataView(wasm.memory.buffer);
    }
    return cachedDataViewMemory0;
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function handleError(f, args) {
    try {
        return f.apply(this, args);
    } catch (e) {
        const idx = addToExternrefTable0(e);
        wasm.n2(idx);
    }
}

function isLikeNone(x) {
    return x === undefined || x === null;
}

function passArray8ToWasm0(arg, malloc = wasm.k2) {
    const ptr = malloc(arg.length, 1) >>> 0;
    getUint8ArrayMemory0().set(arg, ptr);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArrayJsValueToWasm0(array, malloc = wasm.k2) {
    const ptr = malloc(array.length * 4, 4) >>> 0;
    for (let i = 0; i < array.length; i++) {
        const add = addToExternrefTable0(array[i]);
        getDataViewMemory0().setUint32(ptr + 4 * i, add, true);
    }
    WASM_VECTOR_LEN = array.length;
    return ptr;
}

function passStringToWasm0(arg, malloc = wasm.k2, realloc = wasm.l2) {

    let len = arg.length;
    let ptr = malloc(len, 1) >>> 0;

    const mem = getUint8ArrayMemory0();

    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
        const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
        const ret = cachedTextEncoder.encodeInto(arg, view);

        offset += ret.written;
        ptr = realloc(ptr, len, offset, 1) >>> 0;
    }

    WASM_VECTOR_LEN = offset;
    return ptr;
}

let __wbg_reinit_scheduled = false;

function takeFromExternrefTable0(idx) {
    const value = wasm.p2.get(idx);
    wasm.q2(idx);
    return value;
}

let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(bytes) {
    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
    return cachedTextDecoder.decode(bytes);
}

const cachedTextEncoder = new TextEncoder();


let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedDataViewMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    wasm.s2();
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module) {
    if (wasm !== undefined) return wasm;


    ({ module } = module);

    const imports = __wbg_get_imports();
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {

    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }


    const imports = __wbg_get_imports();

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module);
}

export { initSync };
function __wbg_text([ptr, length]) {
    const text = getStringFromWasm0(ptr, length);
    wasm.m2(ptr, length, 1);
    return text;
}
function __wbg_hold(object) {
    if (object.__wbg_inst !== undefined && object.__wbg_inst !== __wbg_instance_id)
        throw new Error('an object of an instance that is gone');
}
function __wbg_keep(object, finalization) {
    Object.defineProperty(object, '__wbg_inst', { value: __wbg_instance_id, writable: true });
    finalization.register(object, { ptr: object.__wbg_ptr, instance: __wbg_instance_id }, object);
}
function __wbg_release(object, finalization) {
    const ptr = object.__wbg_ptr;
    object.__wbg_ptr = 0;
    finalization.unregister(object);
    return ptr;
}
function __wbg_finalization(free) {
    return typeof FinalizationRegistry === 'undefined'
        ? { register: () => {}, unregister: () => {} }
        : new FinalizationRegistry(({ ptr, instance }) => {
            if (instance === __wbg_instance_id) free(ptr);
        });
}

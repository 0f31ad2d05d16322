import { AwsV4Signer } from "aws4fetch";
import { HostBody, Timer } from "../../core/host.js";
import { OciError, StoreError } from "../../errors.js";
import { orAborted } from "../../source.js";
import { invalid } from "../arguments.js";
import { SizedBody } from "../content.js";
import { type Element, parseXml, textOf } from "./xml.js";

/** Whoever asks. Temporary ones have a session token. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Which bucket, of which service, for whom. */
export interface S3Place {
  /** Where the service is: `https://s3.eu-central-1.amazonaws.com`. The bucket becomes the first part of the path. */
  readonly endpoint: string | URL;
  readonly bucket: string;
  /** `us-east-1` if left out, which services without regions take too. */
  readonly region?: string | undefined;
  /** A function is asked for each request, and may keep what it gives until that expires. */
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  /** Whether the endpoint may be `http:` on another host than this one. Nothing is encrypted then. */
  readonly plainHttp?: boolean | undefined;
  /** What stands in for the host's own `fetch`. */
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined;
  /** Milliseconds that the service may take to begin its answer, counted from the last byte that it has taken, and then between two bytes: 30,000 if left out. */
  readonly timeout?: number | undefined;
}

/** One request. */
export interface S3Request {
  readonly method: string;
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A stream is of a known size. */
  readonly body?: Uint8Array | SizedBody | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether to do it twice does no more than to do it once. */
  readonly repeatable?: boolean | undefined;
  /** What an answer may be besides 200 to 299. */
  readonly expected?: readonly number[] | undefined;
}

const ATTEMPTS = 8;

/** Milliseconds before the second attempt, about; twice as many before each further one. */
const PAUSE = 50;

/** Bytes of an answer that says something: a page of a list has 1000 keys of 3 KiB, encoded. */
const MAX_ANSWER = 8 * 1024 * 1024;
const MAX_ERROR = 64 * 1024;

/** Sends signed requests, and makes errors of ours of what goes wrong. */
export class S3Service {
  readonly #bucket: string;
  readonly #place: S3Place;
  readonly #keys = new Map<string, ArrayBuffer>();
  readonly timeout: number;

  constructor(place: S3Place) {
    const { bucket, timeout = 30_000 } = place;
    if (!/^[a-z0-9][a-z0-9._-]+$/i.test(bucket)) throw invalid(`no name of a bucket: ${bucket}`);
    if (!(timeout > 0 && timeout <= 0x7fff_ffff)) throw invalid("timeout must be milliseconds");
    this.#bucket = `${endpointOf(place)}/${bucket}`;
    this.#place = place;
    this.timeout = timeout;
  }

  /**
   * The answer, whose body is the caller's to read. What was not done is asked again, and what can be done twice after a failure of the service
   * too: at most eight times in all, the last time no later than half as long again as it may take to answer.
   */
  async send(request: S3Request): Promise<Response> {
    const { body, signal, expected = [] } = request;
    const latest = performance.now() + 1.5 * this.timeout;
    for (let attempt = 1; ; attempt += 1) {
      let { repeatable = false } = request;
      let pause = PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random());
      let failure: OciError;
      try {
        const response = await this.#attempt(request);
        if (response.ok || expected.includes(response.status)) return response;
        failure = await this.#refusal(response);
        repeatable = failure.code === "STORE_BUSY" || (repeatable && response.status >= 500);
        pause = Math.max(pause, 1000 * Number(response.headers.get("Retry-After")) || 0);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        failure = error;
      }
      const isLast = attempt === ATTEMPTS || performance.now() + pause > latest;
      if (!repeatable || isLast || body instanceof SizedBody) throw failure;
      await orAborted(new Promise((resolve) => setTimeout(resolve, pause)), signal);
    }
  }

  /** The answer, whose body nobody wants. */
  async outcome(request: S3Request): Promise<Response> {
    const response = await this.send(request);
    await response.body?.cancel();
    return response;
  }

  /** What an answer says: `STORE_UNAVAILABLE` where it breaks off, falls silent, or is no XML. */
  async parsed({ body }: Response, signal?: AbortSignal, limit = MAX_ANSWER): Promise<Element> {
    const answer = new HostBody(body, { idleTimeout: this.timeout }, signal);
    try {
      // One that is longer has no end here, and cannot be read.
      return parseXml(new TextDecoder().decode(await answer.take(limit)));
    } catch (error) {
      // Also of a silence, which must not be taken for that of whoever sends what is put.
      throw failed("read", error, signal);
    } finally {
      answer.cancel();
    }
  }

  /** A URL that reads an object for so many seconds. */
  async presign(key: string, seconds: number): Promise<string> {
    const url = this.#url(key, { "X-Amz-Expires": String(seconds) });
    const signed = await this.#signed({ method: "GET", url, signQuery: true });
    return signed.url.href;
  }

  async #attempt({ method, key, query, headers, body, signal }: S3Request): Promise<Response> {
    const url = this.#url(key, query);
    const { headers: signed } = await this.#signed({ method, url, headers: { ...headers } });
    // Not signed, since what lies between may change it.
    signed.set("Accept-Encoding", "identity");
    const init: RequestInit & { duplex?: "half" } = { method, headers: signed, redirect: "manual" };
    const timer = new Timer(this.timeout);
    if (body instanceof SizedBody) {
      // That of bytes the host states itself, and some hosts would then state it twice.
      signed.set("Content-Length", String(body.size));
      init.body = body.outgoing({ reading: () => timer.stop(), taken: () => timer.start(), failed: () => {} });
      // Asked for by Node; others do not mind.
      init.duplex = "half";
    } else if (body !== undefined) init.body = body as Uint8Array<ArrayBuffer>;
    const abort = new AbortController();
    try {
      const sent = (this.#place.fetch ?? fetch)(new URL(url), { ...init, signal: abort.signal });
      return await orAborted(Promise.race([sent, timer.expired]), signal);
    } catch (error) {
      abort.abort();
      if (body instanceof SizedBody && body.failure) throw body.failure.reason;
      throw failed("asked", error, signal);
    } finally {
      timer.end();
    }
  }

  async #refusal(response: Response): Promise<OciError> {
    const { status } = response;
    let [code, message] = ["", ""];
    try {
      const error = await this.parsed(response, undefined, MAX_ERROR);
      [code, message] = [textOf(error, "Code"), textOf(error, "Message")];
    } catch {
      // The status has to do.
    }
    const said = `S3 answered ${status || "with a redirect"} ${code} ${message}`.trim();
    if (BAD_KEY.test(code)) return invalid(said);
    if (BAD_CONTENT.test(code)) return new StoreError("STORE_CONTENT_MISMATCH", said);
    return new StoreError(status === 429 || BUSY.test(code) ? "STORE_BUSY" : "STORE_UNAVAILABLE", said);
  }

  #url(key = "", query: Readonly<Record<string, string>> = {}): string {
    const path = encoded(`/${key}`).replaceAll("%2F", "/");
    // As they are signed: with %20, where `URLSearchParams` would write a plus.
    const search = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    return this.#bucket + (key && path) + (search.length > 0 ? `?${search.join("&")}` : "");
  }

  async #signed(request: { method: string; url: string; headers?: HeadersInit; signQuery?: boolean }) {
    const { credentials, region = "us-east-1" } = this.#place;
    const given = typeof credentials === "function" ? await credentials() : credentials;
    const { accessKeyId, secretAccessKey, sessionToken = "" } = given;
    const by = { accessKeyId, secretAccessKey, sessionToken, region, service: "s3", cache: this.#keys };
    return await new AwsV4Signer({ ...request, ...by }).sign();
  }
}

/** Nothing was done, this time: there is too much to do, or several writers, of whom nobody can tell who was first. */
const BUSY =
  /^(SlowDown|TooManyRequests|ServiceUnavailable|RequestTimeout|ConditionalRequestConflict|OperationAborted|ConcurrentModification)$/;
const BAD_KEY = /InvalidObjectName|KeyTooLong|InvalidURI/;
const BAD_CONTENT = /^(BadDigest|InvalidDigest|IncompleteBody|XAmzContent\w+Mismatch)$/;

/** What it means that there is no answer, or none that can be read. */
function failed(what: string, cause: unknown, signal: AbortSignal | undefined): StoreError {
  signal?.throwIfAborted();
  return new StoreError("STORE_UNAVAILABLE", `S3 could not be ${what}: ${cause}`, { cause });
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function endpointOf({ endpoint, plainHttp }: S3Place): string {
  const url = URL.canParse(String(endpoint)) ? new URL(endpoint) : undefined;
  const mayBePlain = plainHttp || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? "");
  const isAllowed = url?.protocol === "https:" || (url?.protocol === "http:" && mayBePlain);
  if (!url || !isAllowed || url.username || url.search || url.hash) {
    const message =
      "the endpoint must be an https URL without credentials or a query; http on another host needs plainHttp";
    throw new OciError("INVALID_URL", message);
  }
  return url.href.replace(/\/+$/, "");
}

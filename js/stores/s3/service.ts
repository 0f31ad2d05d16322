import { AwsV4Signer } from "aws4fetch";
import { OciError, StoreError } from "../../errors.js";
import { readAll } from "../../stream.js";
import { parseXml, textOf } from "./xml.js";

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
  readonly body?: Uint8Array | ReadableStream<Uint8Array> | undefined;
  /** Of a stream, in bytes. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether to do it twice does no more than to do it once. */
  readonly repeatable?: boolean | undefined;
  /** What an answer may be besides 200 to 299. */
  readonly expected?: readonly number[] | undefined;
}

const ATTEMPTS = 4;

/** Milliseconds before the second attempt; twice as many before each further one. */
const PAUSE = 150;

/** Bytes of an answer that says something: a page of a list has 1000 keys of 3 KiB, encoded. */
const MAX_ANSWER = 8 * 1024 * 1024;
const MAX_ERROR = 64 * 1024;

/** Sends signed requests, and makes errors of ours of what goes wrong. */
export class S3Service {
  readonly #bucket: string;
  readonly #region: string;
  readonly #place: S3Place;
  readonly #keys = new Map<string, ArrayBuffer>();
  readonly timeout: number;

  constructor(place: S3Place) {
    const { bucket, region = "us-east-1", timeout = 30_000 } = place;
    if (!/^[a-z0-9][a-z0-9._-]+$/i.test(bucket))
      throw new OciError("INVALID_ARGUMENT", `no name of a bucket: ${bucket}`);
    if (!(timeout > 0 && timeout <= 0x7fff_ffff))
      throw new OciError("INVALID_ARGUMENT", "timeout must be milliseconds");
    this.#bucket = `${endpointOf(place)}/${bucket}`;
    this.#region = region;
    this.#place = place;
    this.timeout = timeout;
  }

  /** The answer, whose body is the caller's to read. */
  async send(request: S3Request): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        request.signal?.throwIfAborted();
        const again = error instanceof StoreError && error.code !== "STORE_UNSUITABLE" && attempt < ATTEMPTS;
        if (!again || !request.repeatable || request.body instanceof ReadableStream) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random())));
      }
    }
  }

  /** The answer's body, for which there is a use only whole. */
  async text(response: Response, limit = MAX_ANSWER): Promise<string> {
    if (response.body === null) return "";
    return new TextDecoder().decode(await readAll(response.body, limit, { idleTimeout: this.timeout }));
  }

  /** A URL that reads an object for so many seconds. */
  async presign(key: string, seconds: number): Promise<string> {
    const url = this.#url(key, { "X-Amz-Expires": String(seconds) });
    const { url: signed } = await (await this.#signer({ method: "GET", url, signQuery: true })).sign();
    return signed.href;
  }

  async #attempt({ method, key, query, headers, body, size, signal, expected = [] }: S3Request): Promise<Response> {
    const url = this.#url(key ?? "", query);
    const { headers: signed } = await (await this.#signer({ method, url, headers: { ...headers } })).sign();
    // Not signed, since what lies between may change it.
    signed.set("Accept-Encoding", "identity");
    if (size !== undefined) signed.set("Content-Length", String(size));
    const patience = new Patience(this.timeout, signal);
    const streamed = body instanceof ReadableStream;
    try {
      const response = await (this.#place.fetch ?? fetch)(url, {
        method,
        headers: signed,
        ...(body !== undefined && { body: (streamed ? patience.watch(body) : body) as BodyInit }),
        // Asked for by Node; others do not mind.
        ...(streamed && { duplex: "half" }),
        redirect: "manual",
        signal: patience.signal,
      });
      if (response.ok || expected.includes(response.status)) return response;
      throw await this.#refusal(response);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof OciError) throw error;
      const cause = patience.over ? patience.signal.reason : error;
      throw new StoreError("STORE_UNAVAILABLE", `S3 could not be asked: ${cause}`, { cause });
    } finally {
      patience.end();
    }
  }

  async #refusal(response: Response): Promise<OciError> {
    const { status } = response;
    let [code, message] = ["", ""];
    try {
      const error = parseXml(await this.text(response, MAX_ERROR));
      [code, message] = [textOf(error, "Code") ?? "", textOf(error, "Message") ?? ""];
    } catch {
      // The status has to do.
    }
    const said = `S3 answered ${status || "with a redirect"} ${code} ${message}`.trim();
    if (status === 429 || code === "SlowDown" || code === "TooManyRequests" || code === "ServiceUnavailable") {
      return new StoreError("STORE_BUSY", said);
    }
    if (/InvalidObjectName|KeyTooLong|InvalidURI/.test(code)) return new OciError("INVALID_ARGUMENT", said);
    if (MISMATCHES.includes(code)) return new StoreError("STORE_CONTENT_MISMATCH", said);
    return new StoreError("STORE_UNAVAILABLE", said);
  }

  #url(key: string, query: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(`${this.#bucket}${key === "" ? "" : "/"}${encoded(key).replaceAll("%2F", "/")}`);
    // As they are signed: with %20, where `searchParams` would write a plus.
    url.search = Object.entries(query)
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .join("&");
    return url;
  }

  async #signer({ url, ...request }: { method: string; url: URL; headers?: HeadersInit; signQuery?: boolean }) {
    const { credentials } = this.#place;
    const { accessKeyId, secretAccessKey, sessionToken } =
      typeof credentials === "function" ? await credentials() : credentials;
    return new AwsV4Signer({
      ...request,
      url: url.href,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region: this.#region,
      cache: this.#keys,
    });
  }
}

const MISMATCHES = [
  "BadDigest",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
  "InvalidDigest",
  "IncompleteBody",
];

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function endpointOf({ endpoint, plainHttp }: S3Place): string {
  const url = URL.canParse(String(endpoint)) ? new URL(endpoint) : undefined;
  const local = url && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url === undefined || url.username || url.search || url.hash || !/^https?:$/.test(url.protocol)) {
    throw new OciError("INVALID_URL", "the endpoint must be an http or https URL, without credentials or a query");
  }
  if (url.protocol === "http:" && !local && !plainHttp) {
    throw new OciError("INVALID_URL", "the endpoint is plain HTTP on another host: plainHttp");
  }
  return url.href.replace(/\/+$/, "");
}

/** How long an answer is waited for: it begins anew with each piece of a body that is taken. */
class Patience {
  readonly #controller = new AbortController();
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  over = false;

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.#timeout = timeout;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
    this.#begin();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  watch(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    return body.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) => {
          this.#begin();
          controller.enqueue(chunk);
        },
      }),
    );
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  readonly #abort = () => this.#controller.abort(this.#signal?.reason);

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.over = true;
      this.#controller.abort(new Error(`no answer for ${this.#timeout} ms`));
    }, this.#timeout);
  }
}

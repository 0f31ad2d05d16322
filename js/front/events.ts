/** What becomes of each request, for whoever counts and logs. */
import { OciError } from "../errors.js";
import type { Answered, Asked, Handle } from "./handler.js";
import type { FrontContext } from "./options.js";

/** Which endpoint of the distribution API was asked. */
export type FrontOperation =
  | "version"
  | "catalog"
  | "manifest"
  | "blob"
  | "uploads"
  | "upload"
  | "tags"
  | "referrers"
  | "other";

/** What became of a request. */
export interface FrontEvent {
  readonly operation: FrontOperation;
  /** `OTHER` for one that HTTP does not know. */
  readonly method: string;
  /** As the path has it, percent-decoded, whether it is a valid name or not. */
  readonly repository?: string | undefined;
  /** The tag, digest or upload that the path ends with, percent-decoded. */
  readonly reference?: string | undefined;
  /** Of the response; `undefined` if the request was given up before there was one. */
  readonly status: number | undefined;
  /** Bytes of the request's body that were read. */
  readonly received: number;
  /** Bytes of the response's body that were sent. */
  readonly sent: number;
  /** Milliseconds from the request to the end of the response. */
  readonly duration: number;
  /**
   * The response went out whole and was no error (`ok`), said that the request is at fault (`refused`), or that this side is (`failed`); or it
   * was cut, as whoever asked had left (`aborted`) or the store, or the upstream, failed on the way (`cut`).
   */
  readonly outcome: "ok" | "refused" | "failed" | "aborted" | "cut";
  /** What cut it, or why it could not be sent and another one was, of a status of 500. */
  readonly error?: unknown;
}

const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The same, told of. */
export function observed(
  handle: Handle,
  onEvent: (event: FrontEvent, context: FrontContext | undefined) => void,
  onError: (error: unknown) => void,
): Handle {
  return async (asked) => {
    const begun = performance.now();
    let told = false;
    const tell = (status: number | undefined, sent: number, outcome: FrontEvent["outcome"], error?: unknown) => {
      if (told) return;
      told = true;
      const rest = { status, received: asked.body?.received ?? 0, sent, duration: performance.now() - begun, outcome };
      try {
        onEvent({ ...described(asked), ...rest, ...(error !== undefined && { error }) }, asked.context);
      } catch (thrown) {
        onError(thrown);
      }
    };
    let answered: Answered;
    try {
      answered = await handle(asked);
    } catch (error) {
      tell(undefined, 0, "aborted", error);
      throw error;
    }
    const { status } = answered;
    return {
      ...answered,
      ended: (bytes, failure) => {
        if (failure === undefined) tell(status, bytes, status < 400 ? "ok" : status < 500 ? "refused" : "failed");
        else if (failure.status !== undefined) tell(failure.status, bytes, "failed", failure.reason);
        else tell(status, bytes, isAbort(asked, failure.reason) ? "aborted" : "cut", failure.reason);
      },
    };
  };
}

function isAbort({ signal }: Asked, reason: unknown): boolean {
  return signal?.aborted === true || reason === undefined || (reason instanceof OciError && reason.code === "ABORTED");
}

function described({ method, target }: Asked): Pick<FrontEvent, "operation" | "method" | "repository" | "reference"> {
  const known = METHODS.includes(method) ? method : "OTHER";
  const path = target.split("?", 1)[0] ?? "";
  if (path === "/v2/" || path === "/v2") return { operation: "version", method: known };
  if (path === "/v2/_catalog") return { operation: "catalog", method: known };
  // From the right, as a name may hold any of these words.
  const [, name, endpoint, last] =
    /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags|referrers)(?:\/([^/]*))?$/.exec(path) ?? [];
  if (name === undefined || endpoint === undefined) return { operation: "other", method: known };
  const operation = endpoint === "blobs/uploads" && last ? "upload" : OPERATIONS[endpoint];
  if (operation === undefined) return { operation: "other", method: known };
  const reference = last && operation !== "tags" ? { reference: decoded(last) } : {};
  return { operation, method: known, repository: decoded(name), ...reference };
}

const OPERATIONS: Record<string, FrontOperation | undefined> = {
  manifests: "manifest",
  "blobs/uploads": "uploads",
  blobs: "blob",
  tags: "tags",
  referrers: "referrers",
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

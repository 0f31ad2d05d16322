import type { HostBody } from "../core/host.js";
import { ManifestError, OciError, TransferError } from "../errors.js";
import { pastTheEnd } from "../stream.js";

/** A blob, or the rest of it, as a registry sends it. */
export interface Part {
  readonly digest: string;
  /** Of the whole blob, where it is known. */
  readonly size?: number;
  /** Where in the blob the body begins; perhaps before what was asked for. */
  readonly start: number;
  /** Whether the host may have decoded the body: then ranges count other bytes than it has. */
  readonly encoded: boolean;
  readonly body: HostBody;
}

/** Asks for the blob from an offset on: once, and after a pause, if that has failed before; `retryAfter` are seconds of it. */
export type Ask = (start: number, failures: number, retryAfter?: number) => Promise<Part>;

/** How often in a row the rest may be asked for before another byte has come. */
const MAX_FAILURES = 5;
/** The longest that a registry is waited for, in seconds, as the core has it. */
const MAX_RETRY_AFTER = 60;
/** What may pass by itself. */
const PASSING = ["CONNECTION_LOST", "CONNECTION_FAILED", "TIMEOUT", "BODY_TRUNCATED"];

/**
 * The bytes of a blob from one offset to another, both within it, unverified. Where a body breaks off, falls silent or ends early, the
 * rest is asked for from the byte that was reached, redirects and all, for a URL that was signed may be valid no longer.
 */
export function readParts(
  first: Part,
  ask: Ask,
  { start, end = Number.POSITIVE_INFINITY, limit }: { start: number; end?: number; limit: number },
): ReadableStream<Uint8Array> {
  let part = first;
  let at = start;
  let failures = 0;
  /** Where the body stands. */
  let stands = part.start;
  const { size } = first;
  const stop = end + 1;
  const all = size === undefined ? undefined : Math.min(stop, size);

  const next = async (): Promise<Uint8Array | undefined> => {
    while (at < stop) {
      const chunk = await part.body.read();
      if (chunk === undefined) break;
      const skipped = Math.max(at - stands, 0);
      stands += chunk.byteLength;
      if (skipped >= chunk.byteLength) continue;
      const bytes = chunk.subarray(skipped, skipped + stop - at);
      at += bytes.byteLength;
      if (at - start > limit) throw tooLarge(limit, at - start);
      return bytes;
    }
    // Of a part, a registry may send more than was asked for; of the whole, what is too much is for the verification to find.
    if (at >= stop) part.body.cancel();
    else if (all === undefined ? at === start && start > 0 : at < all) {
      throw all === undefined ? pastTheEnd(start, stands) : cutShort(all - start, at - start);
    }
    return undefined;
  };

  const goOn = async (failure: unknown): Promise<void> => {
    for (let error = failure; ; ) {
      if (part.encoded || failures === MAX_FAILURES || !passes(error)) throw error;
      failures += 1;
      try {
        part = await ask(at, failures, (error as { retryAfter?: number }).retryAfter);
        stands = part.start;
        return;
      } catch (later) {
        error = later;
      }
    }
  };

  return new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          try {
            const bytes = await next();
            failures = 0;
            if (bytes === undefined) controller.close();
            else controller.enqueue(bytes);
            return;
          } catch (error) {
            part.body.cancel();
            if (at === all) return controller.close();
            await goOn(error);
          }
        }
      },
      cancel: (reason) => part.body.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The error of a blob that is larger than whoever asks for it will have. */
export function tooLarge(limit: number, size: number): ManifestError {
  return new ManifestError("TOO_LARGE", `the blob is larger than ${limit} bytes`, { expected: limit, actual: size });
}

function cutShort(expected: number, actual: number): TransferError {
  return new TransferError("BODY_TRUNCATED", `the body ended after ${actual} bytes`, { expected, actual });
}

function passes(error: unknown): boolean {
  if (!(error instanceof OciError)) return false;
  const { status, retryAfter = 0 } = error as { status?: number; retryAfter?: number };
  if (retryAfter > MAX_RETRY_AFTER) return false;
  return status === undefined ? PASSING.includes(error.code) : status >= 500 || status === 429 || status === 408;
}

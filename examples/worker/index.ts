import { createFront, type Front, type FrontEvent } from "pierhead/front";
import { type R2BucketLike, r2 } from "pierhead/stores/r2";
import { admission } from "./admission.ts";

interface Env {
  /** The bucket that keeps the images. */
  readonly BUCKET: R2BucketLike;
  /** A secret: everyone must show it as a password, with any user name. */
  readonly PASSWORD?: string;
  /** `true` lets everyone push where there is no password. Else everyone may pull, and no one push. */
  readonly ANYONE_MAY_PUSH?: string;
  /** A registry, such as `https://registry-1.docker.io`: its images are served then, instead of those of the bucket. */
  readonly UPSTREAM?: string;
  /** Where requests are counted; counters in the Worker's own memory would be those of one of its many instances. */
  readonly EVENTS?: { writeDataPoint(point: { blobs: string[]; doubles: number[]; indexes: string[] }): void };
}

/** Bytes of a request on most of Cloudflare's plans, less what a header may take. */
const MAX_CHUNK = 95_000_000;

// One for all requests: the front holds no state of any of them.
let front: Front | undefined;

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    front ??= createFront(
      env.UPSTREAM
        ? { upstream: env.UPSTREAM }
        : { store: r2(env.BUCKET), maxChunk: MAX_CHUNK, onEvent: (event) => count(event, env) },
    );
    return (await admission(request, env)) ?? (await front(request, context));
  },
};

/** https://developers.cloudflare.com/analytics/analytics-engine/ */
function count({ operation, method, repository, reference, status, outcome, ...rest }: FrontEvent, env: Env): void {
  env.EVENTS?.writeDataPoint({
    blobs: [operation, method, outcome, String(status), repository ?? "", reference ?? ""],
    doubles: [rest.received, rest.sent, rest.duration],
    indexes: [repository ?? ""],
  });
}

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

import { createFront, type Front, type FrontEvent } from "pierhead/front";
import { type R2BucketLike, r2 } from "pierhead/stores/r2";
import { admission, listed } from "./admission.ts";
import { pagesMayRead } from "./pages.ts";

interface Env {
  /** The bucket that keeps the images. */
  readonly BUCKET: R2BucketLike;
  /** A secret: everyone must show it as a password, with any user name. */
  readonly PASSWORD?: string;
  /** `true` lets everyone push where there is no password. Else everyone may pull, and no one push. */
  readonly ANYONE_MAY_PUSH?: string;
  /** Names, with commas between, that it answers to, besides addresses; if left out, to every name that leads to it. */
  readonly HOSTS?: string;
  /**
   * Origins, such as `https://page.example`, with commas between, whose pages may read, and write; `none` for none. If left out, the pages of every
   * origin may read, and none write.
   */
  readonly CORS?: string;
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
    const cors = env.CORS === undefined ? undefined : env.CORS === "none" ? [] : listed(env.CORS);
    front ??= createFront(
      env.UPSTREAM
        ? { upstream: env.UPSTREAM, cors }
        : { store: r2(env.BUCKET), cors, maxChunk: MAX_CHUNK, onEvent: (event) => count(event, env) },
    );
    const refused = await admission(request, env);
    return refused ? pagesMayRead(refused, request, cors) : await front(request, context);
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

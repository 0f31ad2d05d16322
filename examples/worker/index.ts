import { createFront, type Front, type FrontEvent, type HostingFront, type RetentionPolicy } from "pierhead/front";
import { type R2BucketLike, r2 } from "pierhead/stores/r2";
import { admission, listed } from "./admission.ts";
import { pagesMayRead } from "./pages.ts";

export interface Env {
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
  /** What is kept of which repositories; without it, nothing goes but what nothing refers to. */
  readonly POLICIES?: readonly RetentionPolicy[];
  /** Operations of R2 that a visit of the collection takes: 8,000 if there is none, as Cloudflare allows 10,000 of one call of a Worker. */
  readonly OPERATIONS?: number;
  /** Where requests are counted; counters in the Worker's own memory would be those of one of its many instances. */
  readonly EVENTS?: { writeDataPoint(point: { blobs: string[]; doubles: number[]; indexes: string[] }): void };
}

/** Bytes of a request on most of Cloudflare's plans, less what a header may take. */
const MAX_CHUNK = 95_000_000;

/** Milliseconds that a visit of the collection takes at most: less than from one call to the next. */
const BUDGET = 5 * 60 * 1000;
/** Milliseconds from the beginning of one run of the collection to that of the next. */
const INTERVAL = 24 * 60 * 60 * 1000;

// One for all requests: it remembers what makes the next of them cheaper, and how much memory they take.
let front: Front | undefined;
let hosting: HostingFront | undefined;

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    front ??= env.UPSTREAM ? createFront({ upstream: env.UPSTREAM, cors: corsOf(env) }) : hostingFront(env);
    const refused = await admission(request, env);
    return refused ? pagesMayRead(refused, request, corsOf(env)) : await front(request, context);
  },

  /** Rids the bucket of what nobody needs, as often as wrangler.jsonc says: a run goes on from one call to the next. */
  async scheduled(_event: unknown, env: Env): Promise<void> {
    if (env.UPSTREAM) return;
    const { POLICIES: policies, OPERATIONS: operations = 8_000 } = env;
    const report = await hostingFront(env).collect({ policies, operations, budget: BUDGET, interval: INTERVAL });
    if (!report.early && !report.busy) console.log(JSON.stringify({ operation: "collect", ...report }));
  },
};

function hostingFront(env: Env): HostingFront {
  hosting ??= createFront({
    store: r2(env.BUCKET),
    cors: corsOf(env),
    maxChunk: MAX_CHUNK,
    onEvent: (event) => count(event, env),
  });
  return hosting;
}

function corsOf({ CORS }: Env): readonly string[] | undefined {
  if (CORS === undefined) return undefined;
  return CORS === "none" ? [] : listed(CORS);
}

/** https://developers.cloudflare.com/analytics/analytics-engine/ */
function count({ operation, method, repository, reference, status, outcome, ...rest }: FrontEvent, env: Env): void {
  env.EVENTS?.writeDataPoint({
    blobs: [operation, method, outcome, String(status), repository ?? "", reference ?? ""],
    doubles: [rest.received, rest.sent, rest.duration],
    // An index has at most 96 bytes, and the whole name stands above. One with other characters is none, but was asked for.
    indexes: [(repository ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, 96)],
  });
}

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

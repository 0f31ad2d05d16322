/** Collection of what nobody needs any more, of a registry that hosts images. */
import { frontCore } from "../core/front.js";
import { HandleOwner, type Revivable } from "../core/runtime.js";
import { wholeNumber } from "../core/settings.js";
import { text } from "../core/text.js";
import { OciError } from "../errors.js";
import type { CollectReport } from "../generated/CollectReport.js";
import type { RetentionPolicy } from "../generated/RetentionPolicy.js";
import type { StoreCalls } from "./store-calls.js";

/** How a collection is done. */
export interface CollectOptions {
  /**
   * What is kept of repositories: the first policy whose pattern matches a repository is its own. Left out, nothing of any goes but what nothing
   * refers to.
   */
  policies?: readonly RetentionPolicy[] | undefined;
  /** Whether nothing is changed, to see what would be. */
  dryRun?: boolean | undefined;
  /** Milliseconds that this visit may take, and the page that it is at then: 1 to a day; 20,000 if left out. */
  budget?: number | undefined;
  /** Pages that this visit goes through, of at most a hundred objects each; no bound if left out. */
  pages?: number | undefined;
  /**
   * Operations of the store after which this visit ends at its next page, those of requests that come meanwhile among them: for a host that allows so
   * many and no more. A page takes up to 600, and more only where manifests go that had many tags. No bound if left out.
   */
  operations?: number | undefined;
  /**
   * Milliseconds since the last run began, before which no other begins: the visit does nothing then, and its report says `early`. So a timer may
   * come often, and in several places. 0 if left out.
   */
  interval?: number | undefined;
  /** Milliseconds for which a blob that is in no repository can be brought back, and be read to its end; an hour if left out. */
  wait?: number | undefined;
  /**
   * The size of each of four sets in bytes, 1 KiB to 8 MiB: with a byte for each manifest and blob of the largest repository, a few of a hundred
   * are kept wrongly, until another run. 256 KiB if left out. All four are written to the store at the end of a visit.
   */
  setBytes?: number | undefined;
  /** Ends the visit at its next page; it then rejects with the signal's reason, and the next visit goes on from there. */
  signal?: AbortSignal | undefined;
}

/**
 * Collects for one visit: begins a run, or goes on with the one that was begun, until it is over (`done`) or the visit has taken long enough. Pushes
 * and pulls go on meanwhile. One visit at a time, of all processes that have the store: while there is another, or some minutes after one
 * ended without a word, the report says `busy`. Counts are those of the run so far.
 *
 * @throws OciError `INVALID_ARGUMENT`
 * @throws StoreError what the store failed with; what was done stays done, and the next visit goes on
 */
export type Collect = (options?: CollectOptions) => Promise<CollectReport>;

type Glue = typeof import("../../pkg/front/pierhead.js");
type RawHosted = import("../../pkg/front/pierhead.js").RawHosted;
type RawCollect = import("../../pkg/front/pierhead.js").RawCollect;

const DAY = 24 * 60 * 60 * 1000;
const MAX_U32 = 2 ** 32 - 1;
const POLICY: Record<keyof RetentionPolicy, true> = {
  repositories: true,
  untagged: true,
  keepTags: true,
  keepDays: true,
};

/** What collects for this registry, whose store is asked by `calls`. */
export function collector(hosted: Revivable<Glue, RawHosted>, calls: StoreCalls<Glue>): Collect {
  return async (options = {}) => {
    const { signal, operations = Number.MAX_SAFE_INTEGER } = options;
    wholeNumber("operations", operations, 1, Number.MAX_SAFE_INTEGER);
    const make = checked(options);
    signal?.throwIfAborted();
    let raw: HandleOwner<Glue, RawCollect> | undefined;
    // Given up at once, it would keep all others from collecting for a while.
    const stop = () => {
      try {
        raw?.use((collect) => collect.stop());
      } catch {
        // The core has failed, which whoever waits is told.
      }
    };
    signal?.addEventListener("abort", stop, { once: true });
    let left = operations;
    const watch = () => {
      left -= 1;
      // The core is asking for one just now.
      if (left === 0) queueMicrotask(stop);
    };
    calls.watchers.add(watch);
    try {
      const report = await frontCore.run<CollectReport>((glue) => {
        const collect = make(glue);
        raw = new HandleOwner(frontCore, () => collect);
        return hosted.get().collect(collect);
      });
      if (!report.done) signal?.throwIfAborted();
      return report;
    } finally {
      calls.watchers.delete(watch);
      signal?.removeEventListener("abort", stop);
      raw?.free();
    }
  };
}

function checked(options: CollectOptions): (glue: Glue) => RawCollect {
  const { budget = 20_000, pages = MAX_U32, interval = 0, wait = DAY / 24, setBytes = 256 * 1024 } = options;
  wholeNumber("budget", budget, 1, DAY);
  wholeNumber("pages", pages, 1, MAX_U32);
  wholeNumber("interval", interval, 0, Number.MAX_SAFE_INTEGER);
  wholeNumber("wait", wait, 0, Number.MAX_SAFE_INTEGER);
  wholeNumber("setBytes", setBytes, 1024, 8 * 1024 * 1024);
  const isDry = flag("dryRun", options.dryRun);
  const policies = checkedPolicies(options.policies ?? []);
  return (glue) => {
    const raw = new glue.RawCollect(budget, pages, interval, wait, setBytes, isDry);
    for (const { repositories, untagged, keepTags, keepDays } of policies)
      raw.keep(repositories, untagged, keepTags, keepDays);
    return raw;
  };
}

/** A mistake in what is kept must not pass for nothing said. */
function checkedPolicies(policies: unknown) {
  if (!Array.isArray(policies)) throw new OciError("INVALID_ARGUMENT", "policies is not an array");
  return policies.map((policy: unknown) => {
    if (typeof policy !== "object" || policy === null)
      throw new OciError("INVALID_ARGUMENT", "a policy is not an object");
    const unknown = Object.keys(policy).find((name) => !Object.hasOwn(POLICY, name));
    if (unknown !== undefined) throw new OciError("INVALID_ARGUMENT", `a policy has no ${JSON.stringify(unknown)}`);
    const { repositories, untagged, keepTags, keepDays } = policy as Partial<RetentionPolicy>;
    const pattern = text("repositories of a policy", repositories);
    if (pattern === "") throw new OciError("INVALID_ARGUMENT", "repositories of a policy is empty");
    return {
      repositories: pattern,
      untagged: flag("untagged", untagged),
      keepTags: optionalCount("keepTags", keepTags),
      keepDays: optionalCount("keepDays", keepDays),
    };
  });
}

function flag(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw new OciError("INVALID_ARGUMENT", `${name} is not a boolean`);
  return value === true;
}

function optionalCount(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : wholeNumber(name, value, 0, MAX_U32);
}

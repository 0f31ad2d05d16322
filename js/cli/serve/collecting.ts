/** Collections of a registry that is served, again and again. */
import type { Collect } from "../../front/collect.js";
import type { CollectReport } from "../../generated/CollectReport.js";
import type { RetentionPolicy } from "../../generated/RetentionPolicy.js";

/** How a served registry is collected. */
export interface CollectingOptions {
  /** Milliseconds from one run to the next. */
  readonly every: number;
  readonly policies?: readonly RetentionPolicy[] | undefined;
  /** Told of each visit that did something. */
  readonly onCollect?: ((report: CollectReport) => void) | undefined;
}

/** Milliseconds until the first visit, so that one that is started often collects all the same; and until the next where another is at it. */
const SOON = 60_000;
/** Of the time from one run to the next, what has passed when another of several servers may begin one. */
const SLACK = 0.9;

/** Collects until `signal` aborts; what fails is told to `onError`, and tried again in time. Does not reject. */
export async function keepCollecting(
  collect: Collect,
  { every, policies, onCollect }: CollectingOptions,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const interval = Math.floor(every * SLACK);
  for (let wait = Math.min(SOON, every); await slept(wait, signal); ) {
    wait = every;
    try {
      const report = await collect({ policies, interval, signal });
      if (report.busy) wait = Math.min(SOON, every);
      // The next is as long as this one.
      else if (!report.done && !report.early) wait = 0;
      if (!report.busy && !report.early) onCollect?.(report);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  }
}

/** Whether so many milliseconds passed before the signal aborted. */
async function slept(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return await new Promise((resolve) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve(true);
    }, milliseconds);
    const abort = () => {
      clearTimeout(timer);
      resolve(false);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}

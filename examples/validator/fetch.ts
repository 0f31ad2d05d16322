/** Fetches one document when the user asks for it, in a worker that lives no longer than that. */
import type { Fetched } from "./fetch.worker.js";

/** How long it may take in all, in milliseconds. */
export const TIME_LIMIT = 30_000;

/** The worker gives up by itself; this is for one that cannot. */
const GRACE = 2_000;

/**
 * The bytes at a URL, and what was said of them. Fails with an `Error` whose message is for the user, or with the signal's reason.
 */
export function fetchDocument(url: string, signal: AbortSignal): Promise<Fetched> {
  const worker = new Worker(new URL("./fetch.worker.ts", import.meta.url), { type: "module", name: "pierhead-fetch" });
  const settled = new AbortController();
  return new Promise<Fetched>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("It did not answer in time.")), TIME_LIMIT + GRACE);
    settled.signal.addEventListener("abort", () => clearTimeout(timer));
    const listening = { signal: settled.signal };
    signal.addEventListener("abort", () => reject(signal.reason), listening);
    worker.addEventListener("error", () => reject(new Error("The worker that fetches does not start.")), listening);
    worker.addEventListener(
      "message",
      ({ data }: MessageEvent<Fetched | { problem: string }>) => {
        if ("problem" in data) reject(new Error(data.problem));
        else resolve(data);
      },
      listening,
    );
    worker.postMessage({ url, timeLimit: TIME_LIMIT });
  }).finally(() => {
    settled.abort();
    worker.terminate();
  });
}

/** What goes on behind a server's answers, which it waits for when it ends. */
import type { FrontContext } from "../../front/options.js";

/** The context of all requests. */
export class Behind implements FrontContext {
  readonly #running = new Set<Promise<void>>();

  waitUntil(promise: Promise<unknown>): void {
    const end = () => {
      this.#running.delete(running);
    };
    const running = promise.then(end, end);
    this.#running.add(running);
  }

  /** Resolves once all of it has ended. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

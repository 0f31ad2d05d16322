import { orAborted } from "../source.js";

/** Lets one act after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Acts when all that was asked before has ended, well or not. Who waits is let go by the signal. */
  async take(signal: AbortSignal | undefined, act: () => Promise<void>): Promise<void> {
    const before = this.#last;
    const turn = before.then(async () => {
      signal?.throwIfAborted();
      await act();
    });
    this.#last = turn.catch(() => {});
    await orAborted(before, signal);
    await turn;
  }
}

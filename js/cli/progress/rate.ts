/** Milliseconds over which a rate is taken: long enough to be read, short enough to be of now. */
const WINDOW = 3_000;

/** Bytes a second, of the last few seconds. */
export class Rate {
  /** What had come at which time; the first is the last one before the window. */
  readonly #samples: { time: number; bytes: number }[] = [];

  /** Notes how many bytes have come in all, at a time in milliseconds. */
  add(time: number, bytes: number): void {
    this.#samples.push({ time, bytes });
    while ((this.#samples[1]?.time ?? time) <= time - WINDOW) this.#samples.shift();
  }

  /** Bytes a second; undefined while there is nothing to tell it from. */
  get value(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.time - first.time < 500) return undefined;
    // What has to be moved again counts from less.
    return Math.max(((last.bytes - first.bytes) * 1000) / (last.time - first.time), 0);
  }
}

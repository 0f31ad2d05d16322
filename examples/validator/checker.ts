import type { Answer, Question } from "./check.js";
import CheckWorker from "./check.worker.js?worker&inline";

/** How long a check may take before its worker is given up, in milliseconds. */
const TIME_LIMIT = 10_000;

/**
 * Asks the worker, one question at a time. Only the newest one waits, and only its answer is told: what a document was
 * found to be is never said of another. A worker that hangs or fails is replaced.
 */
export class Checker {
  readonly #tell: (answer: Answer) => void;
  #worker: Worker | undefined;
  #waiting: Question | undefined;
  /** Whether somebody still wants the answer that the worker is at; undefined while it rests. */
  #asked: { wanted: boolean } | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (answer: Answer) => void) {
    this.#tell = tell;
  }

  /** Takes ownership of the question's bytes. */
  ask(question: Question): void {
    this.withdraw();
    this.#waiting = question;
    if (this.#asked === undefined) this.#next();
  }

  /** What was asked is no longer of interest. */
  withdraw(): void {
    this.#waiting = undefined;
    if (this.#asked !== undefined) this.#asked.wanted = false;
  }

  #next(): void {
    const question = this.#waiting;
    if (question === undefined) return;
    this.#waiting = undefined;
    this.#asked = { wanted: true };
    this.#watchdog = setTimeout(() => {
      this.#fail(`The check took more than ${TIME_LIMIT / 1000} seconds, and was given up.`);
    }, TIME_LIMIT);
    this.#worker ??= this.#start();
    this.#worker.postMessage(question, [question.bytes.buffer]);
  }

  #start(): Worker {
    const worker = new CheckWorker({ name: "pierhead-check" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      // One that was given up may have had the last word on its way.
      if (this.#worker !== worker) return;
      if ("failure" in data && data.code === "INTERNAL") this.#fail(data.failure);
      else this.#settle(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#worker !== worker) return;
      this.#fail(event.message || "The worker does not start.");
    });
    return worker;
  }

  #fail(failure: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#settle({ failure, code: "INTERNAL" });
  }

  #settle(answer: Answer): void {
    clearTimeout(this.#watchdog);
    const wanted = this.#asked?.wanted;
    this.#asked = undefined;
    if (wanted) this.#tell(answer);
    this.#next();
  }
}

import { humanSize, jsonLine, type Output, printable } from "../output.js";
import type { Progress, SettledPart } from "./progress.js";

/** One line for each part, when it is settled: for logs, and for programs. */
export class Lines implements Progress {
  readonly #output: Output;
  readonly #json: boolean;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  update(): void {}

  settle(part: SettledPart): void {
    this.#output.note(this.#json ? jsonLine(part) : settledLine(part));
  }

  end(): void {}
}

/** What became of a part, for people. */
export function settledLine({ digest, size, outcome }: SettledPart): string {
  return `${printable(digest)} ${humanSize(size).padStart(10)} ${outcome}`;
}

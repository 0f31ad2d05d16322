import { jsonLine, type Output } from "../output.js";
import type { Checked } from "../verdict.js";
import type { Format } from "./format.js";

/** One line of JSON for each document. */
export class JsonFormat implements Format {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  checked({ verdict }: Checked): void {
    this.#output.line(jsonLine(verdict));
  }

  unread(): void {}

  end(): void {}
}

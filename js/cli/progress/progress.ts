import type { Output } from "../output.js";
import { Bars } from "./bars.js";
import { Lines } from "./lines.js";

/** How much of a part has gone its way. */
export interface PartProgress {
  readonly digest: string;
  /** Bytes so far. */
  readonly bytes: number;
  /** Bytes in all, where that is known. */
  readonly total?: number | undefined;
}

/** What became of a part: it was moved; it was where it has to go; or the registry took it over from another repository. */
export type Outcome = "done" | "exists" | "mounted";

/** What became of a part, by the word that the library has for it. */
export const OUTCOMES = {
  copied: "done",
  uploaded: "done",
  existed: "exists",
  mounted: "mounted",
} as const satisfies Record<string, Outcome>;

/** A part that has come where it has to go. */
export interface SettledPart {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly outcome: Outcome;
}

/** Shows, on stderr, how far the parts of an image have come. */
export interface Progress {
  /** A part goes its way, some of it at a time. */
  update(part: PartProgress): void;
  /** A part is where it has to go. */
  settle(part: SettledPart): void;
  /** Nothing else comes: also where something went wrong. */
  end(): void;
}

/** What is to be shown. */
export interface ProgressOptions {
  readonly quiet: boolean;
  /** Lines of JSON in place of lines for people. */
  readonly json: boolean;
}

/** Bars for a person at a terminal, lines for what reads stderr from elsewhere, or nothing. */
export function createProgress({ quiet, json }: ProgressOptions, output: Output): Progress {
  if (quiet) return new Silence();
  return output.terminal === undefined ? new Lines(output, json) : new Bars(output, output.terminal);
}

class Silence implements Progress {
  update(): void {}
  settle(): void {}
  end(): void {}
}

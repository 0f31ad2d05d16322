import type { Checked, Tally } from "../verdict.js";

/** How a report is written: each document when it has been checked, in the order in which they were asked for. */
export interface Format {
  /** A document was checked. */
  checked(document: Checked): void;
  /** Something could not be read, or not to its end. Whoever calls says so on stderr, too. */
  unread(name: string, problem: string): void;
  /** Nothing else comes. */
  end(tally: Tally): void;
}

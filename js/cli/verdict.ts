import { DOCUMENT_LIMIT } from "../document.js";
import type { Issue, NamedReport } from "../entry/index.js";

/**
 * What is said of one document. It has no digest if it was not read to its end, because it is too large, or if there is nothing to
 * be read.
 */
export interface Verdict extends Readonly<Omit<NamedReport["report"], "digest">> {
  readonly file: string;
  readonly digest: string | null;
}

/** A document with its verdict. */
export interface Checked {
  readonly verdict: Verdict;
  /** Undefined if there is nothing to be read. */
  readonly bytes: Uint8Array | undefined;
}

/** The verdict on a document as it is told: its properties in the order in which they are printed. */
export function checkedDocument({ name, report, bytes }: NamedReport): Checked {
  const { valid, kind, mediaType, digest, issues } = report;
  const whole = digest !== "" && (bytes === undefined || bytes.byteLength <= DOCUMENT_LIMIT);
  return { verdict: { file: name, valid, kind, mediaType, digest: whole ? digest : null, issues }, bytes };
}

/** How many errors there are among findings, and how many warnings. */
export function counts(issues: readonly Issue[]): { errors: number; warnings: number } {
  const errors = issues.filter(({ severity }) => severity === "error").length;
  return { errors, warnings: issues.length - errors };
}

/** Counts what was found. */
export class Tally {
  /** Documents. */
  valid = 0;
  invalid = 0;
  /** What was named, but could not be read. */
  unread = 0;
  /** Findings. */
  errors = 0;
  warnings = 0;

  get documents(): number {
    return this.valid + this.invalid + this.unread;
  }

  add({ valid, issues }: Verdict): void {
    if (valid) this.valid += 1;
    else this.invalid += 1;
    const { errors, warnings } = counts(issues);
    this.errors += errors;
    this.warnings += warnings;
  }
}

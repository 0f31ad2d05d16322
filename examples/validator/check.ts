/** What the page and the worker that checks say to one another. */
import type { Report, ValidateOptions } from "pierhead";

/** The most bytes that a document may have. The core refuses more; the page does not even read it. */
export const DOCUMENT_LIMIT = 8 * 1024 * 1024;

export interface Question {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ValidateOptions;
  /** The digest by which the document was asked for. */
  readonly expected?: string | undefined;
}

export type Answer = Verdict | Failure;

export interface Verdict {
  readonly report: Report;
  /** Of the document, in bytes. */
  readonly size: number;
  /** The digest by which it was asked for, and whether it has it; `undefined` if it was asked for by none that can be computed. */
  readonly expected: { readonly digest: string; readonly holds: boolean } | undefined;
}

export interface Failure {
  readonly failure: string;
  /** A stable code of the package's errors. */
  readonly code: string;
}

import { InvalidReferenceError, ManifestError, OciError } from "../entry/index.js";
import type { Context } from "./context.js";
import { describe, Exit, oneLine } from "./output.js";
import { PlaceFailure } from "./places/failed.js";

/** What was read is not what it has to be: nothing was wrong with the reading. */
const BAD_CONTENT: ReadonlySet<string> = new Set([
  "DIGEST_MISMATCH",
  "SIZE_MISMATCH",
  "BODY_TRUNCATED",
  "CONTENT_ENCODED",
]);

/** The exit status that an error calls for. */
export function exitOf(error: unknown): number {
  const bad = error instanceof ManifestError || (error instanceof OciError && BAD_CONTENT.has(error.code));
  return bad ? Exit.failed : Exit.trouble;
}

/** What happened, after the name of what it happened to. */
export function aboutName(name: string, error: unknown): string {
  const problem = describe(error);
  const subject = name || '""';
  return problem.startsWith(`${oneLine(subject)}: `) ? problem : `${subject}: ${problem}`;
}

/** A name as logs and reports may have it. What is no reference may be one with credentials, which stand before an @. */
export function withoutCredentials(name: string, error: unknown): string {
  return error instanceof InvalidReferenceError ? name.replace(/^.*@/s, "…@") : name;
}

/** Carries out what a command is about. What goes wrong is said after its name, or after that of the place where it did. */
export async function carryOut(name: string, context: Context, action: () => Promise<void>): Promise<void> {
  const { output, signal } = context;
  try {
    await action();
  } catch (failure) {
    signal.throwIfAborted();
    const [place, error] = failure instanceof PlaceFailure ? [failure.place, failure.cause] : [name, failure];
    output.problem(aboutName(withoutCredentials(place, error), error));
    context.exitCode = exitOf(error);
  }
}

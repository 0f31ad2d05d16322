/** What a test of the suite that runs in every runtime is made of. It may use web standards only. */

import type * as main from "pierhead";
import type * as client from "pierhead/client";
import type * as layout from "pierhead/layout";

/** What a case gets. */
export interface Context extends Facts {
  /** The package's `.`, `./client` and `./layout`, as the runtime loads them. */
  readonly pierhead: typeof main & typeof client & typeof layout;
}

/** What the driver tells the suite; it travels as JSON. */
export interface Facts {
  /** The runtime that the cases run in. */
  readonly runtime: "node" | "workerd" | "deno" | "bun" | "chromium";
  /** The test registry (`tests/support/registry.mjs`): `hello:1.0`, and the faults under `faults/`. */
  readonly registry: Origin;
  /** The same, behind a Bearer token that anyone gets. */
  readonly privateRegistry: Origin;
  /** The example Worker in workerd, before a real registry where one is installed: `hello:1.0` too. */
  readonly front: Origin;
  /** What `hello` holds. */
  readonly image: Image;
}

export interface Origin {
  /** Without a path: `http://127.0.0.1:5000`. */
  readonly url: string;
  /** `127.0.0.1:5000`. */
  readonly host: string;
}

/** The facts of the committed image, read from its layout. */
export interface Image {
  readonly repository: string;
  readonly tag: string;
  /** The index behind the tag. */
  readonly index: Content;
  /** The manifest of linux/amd64. */
  readonly manifest: Content;
  /** The biggest layer of that manifest. */
  readonly layer: Content;
}

/** One manifest or blob: its digest, and its size in bytes. */
export interface Content {
  readonly digest: string;
  readonly size: number;
}

/** One behaviour; its name is a sentence, and unique in the suite. */
export interface Case {
  readonly name: string;
  readonly run: (context: Context) => void | Promise<void>;
}

/** How a case ended; without `error`, well. */
export interface Result {
  readonly name: string;
  readonly error?: string;
}

/** Longer than any timeout that a case sets, in milliseconds. */
const CASE_TIMEOUT = 30_000;

/** Runs one case; a failure becomes part of the result, and so does a case that does not end. */
export async function runCase(one: Case, context: Context): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${CASE_TIMEOUT} ms`)), CASE_TIMEOUT);
  });
  try {
    await Promise.race([one.run(context), late]);
    return { name: one.name };
  } catch (error) {
    return { name: one.name, error: describe(error) };
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  // V8 begins a stack with the name and the message; the others do not.
  const stack = error.stack ?? "";
  const head = `${error.name}: ${error.message}`;
  return (stack.includes(error.message) ? stack : `${head}\n${stack}`).trimEnd() + cause;
}

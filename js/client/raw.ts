import type { Revivable } from "../core/runtime.js";

/** The core's client, which is made again where the core failed. */
export type RawClient = Revivable<
  typeof import("../../pkg/core/pierhead.js"),
  import("../../pkg/core/pierhead.js").RawClient
>;

/** An operation's own options. */
export interface OperationOptions {
  /** Gives the operation up; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

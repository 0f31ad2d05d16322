import { errorFrom, OciError, type WireError } from "../errors.js";

/** An error as it leaves the core, with what the host threw where that is behind it. */
type CoreError = WireError & { cause?: unknown };

/** Whether the core reported this. What a trap or the glue throws is an `Error`; what the core reports is a plain object. */
export function isWireError(thrown: unknown): thrown is CoreError {
  return typeof thrown === "object" && thrown !== null && !(thrown instanceof Error) && "code" in thrown;
}

/** The typed error of what the core reported; what a content or a place of the caller's own threw, as it was thrown. */
export function fromWire(wire: CoreError): unknown {
  const { cause } = wire;
  if (wire.code === "CONTENT_FAILED" && cause !== undefined) return cause;
  // What the host found wrong with bytes, it said better: by what they were, and what they should have been.
  if (cause instanceof OciError && cause.code === wire.code && hasExpected(cause)) return cause;
  return errorFrom(wire, cause);
}

/** Errors have the property in any case, so that no engine gives them one of its own. */
function hasExpected(error: OciError & { expected?: unknown }): boolean {
  return error.expected !== undefined;
}

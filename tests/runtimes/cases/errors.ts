import { equal, hasCode, ok, throws } from "../assert.ts";
import type { Case } from "../case.ts";

/** The typed errors. */
export const cases: Case[] = [
  {
    name: "a malformed reference is an InvalidReferenceError",
    run: ({ pierhead: { InvalidReferenceError, OciError, parseReference } }) => {
      const error = throws(() => parseReference("Not A Reference"));
      hasCode(error, "INVALID_REFERENCE");
      ok(error instanceof InvalidReferenceError, "it is not an InvalidReferenceError");
      ok(error instanceof OciError, "it is not an OciError");
    },
  },
  {
    name: "an error of another copy of the package is an instance of this one's class",
    run: ({ pierhead: { OciError, parseDigest } }) => {
      const error = throws(() => parseDigest("sha256:short"));
      hasCode(error, "INVALID_DIGEST");
      // What another copy throws shares the brand with ours, but not the prototype.
      const foreign = Object.defineProperties(new Error("of another copy"), brandsOf(error));
      ok(foreign instanceof OciError, "the brand is not recognised");
      ok(!(new Error("of no copy") instanceof OciError), "every error is taken for ours");
    },
  },
  {
    name: "line and column are the document's, never those of a script",
    run: ({ pierhead: { ManifestError } }) => {
      // JavaScriptCore gives each error a line and column of its own.
      const nowhere = new ManifestError("TOO_LARGE", "too large");
      equal(nowhere.line, undefined, "line");
      equal(nowhere.column, undefined, "column");
      equal(JSON.stringify(nowhere), '{"code":"TOO_LARGE","name":"ManifestError","message":"too large"}');
      const placed = new ManifestError("INVALID_JSON", "bad", { offset: 4, line: 1, column: 5 });
      equal(placed.line, 1, "line");
      equal(placed.column, 5, "column");
    },
  },
];

/** The properties of the error and of its class that are keyed by registered symbols. */
function brandsOf(error: unknown): PropertyDescriptorMap {
  const brands: Record<PropertyKey, PropertyDescriptor> = {};
  for (let at: unknown = error; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    for (const key of Object.getOwnPropertySymbols(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, key);
      if (Symbol.keyFor(key)?.startsWith("pierhead.") && descriptor) brands[key] ??= descriptor;
    }
  }
  return brands;
}

/** What whoever runs a collection has to hear of, whichever command it is. */
import type { CollectReport } from "../generated/CollectReport.js";
import { counted } from "./output.js";

/** What is wrong where `late` is said of a run. */
export const LATE = "the collection was given up, as it takes more than two fifths of a day";

/** What to warn of where records were damaged; `undefined` if none was. */
export function damage({ damaged }: CollectReport): string | undefined {
  return damaged > 0 ? `${counted(damaged, "record")} cannot be read: all stays that they may need` : undefined;
}

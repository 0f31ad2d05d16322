import { InvalidArgumentError, Option } from "commander";
import type { RetentionPolicy } from "../generated/RetentionPolicy.js";
import { wholeNumber } from "./arguments.js";

/** What help says of `--policy`. */
export const POLICY_HELP = `
A policy is a pattern of repositories, and what of them goes, each behind a comma:
untagged (manifests that no tag leads to: neither by naming them, nor by an index,
nor as what they refer to), keep-tags=N (tags, but for the N that were set last)
and keep-days=N (tags, but for those set in the last N days; with keep-tags, what
either keeps stays). In a pattern * stands for any characters but /, and ** for
any at all. The first that matches a repository is its own. Without one, nothing
goes but what nothing refers to.`;

/** The option that says what is kept, which can be given several times. */
export function policyOption(): Option {
  return new Option(
    "--policy <policy>",
    "what goes of repositories, such as 'ci/**,untagged,keep-tags=10'; may be given several times",
  ).argParser((text: string, earlier: readonly RetentionPolicy[] = []) => [...earlier, policy(text)]);
}

function policy(text: string): RetentionPolicy {
  const [repositories = "", ...terms] = text.split(",");
  if (repositories === "" || repositories.includes("="))
    throw new InvalidArgumentError("It has to begin with a pattern.");
  const policy: RetentionPolicy = { repositories };
  for (const term of terms) {
    const [name, value] = term.split("=");
    if (term === "untagged") policy.untagged = true;
    else if (name === "keep-tags" && value !== undefined) policy.keepTags = wholeNumber(value);
    else if (name === "keep-days" && value !== undefined) policy.keepDays = wholeNumber(value);
    else throw new InvalidArgumentError(`${JSON.stringify(term)} is none of untagged, keep-tags=N, keep-days=N.`);
  }
  return policy;
}

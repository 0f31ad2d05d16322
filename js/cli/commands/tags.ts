import type { Command } from "commander";
import { wholeNumber } from "../arguments.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { jsonLine, printable } from "../output.js";
import { addReachOptions, type ReachFlags, Registries } from "../registries.js";

const EXAMPLES = `
Examples:
  $ pierhead tags ghcr.io/owner/image
  $ pierhead tags --limit 100 --last 3.20 docker.io/library/alpine

With --json: {"name", "tags"}.

Exit status: 0, or 2 if they could not be read or the arguments are wrong.`;

/** Tags that are asked for at a time; registries give fewer where that is too many. */
const PAGE = 1_000;

interface Flags extends ReachFlags {
  limit?: number;
  last?: string;
  json?: true;
}

/** Adds `pierhead tags`. */
export function addTags(program: Command, context: Context): void {
  const command = program
    .command("tags")
    .summary("list the tags of a repository")
    .description("Lists the tags of a repository, each on a line, in the order in which the registry has them.")
    .argument("<repository>", "registry/repository")
    .option("--limit <number>", "list this many at most", wholeNumber)
    .option("--last <tag>", "list those that come after this one")
    .option("--json", "print one line of JSON");
  addReachOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((repository: string, flags: Flags) =>
      carryOut(repository, context, () => listTags(repository, flags, context)),
    );
}

async function listTags(text: string, flags: Flags, context: Context): Promise<void> {
  const { output, signal } = context;
  const { limit = Number.POSITIVE_INFINITY, last, json } = flags;
  const { name, repository } = new Registries(flags, context).repositoryNamed(text);
  const tags: string[] = [];
  let count = 0;
  const options = { ...(limit < PAGE && { n: limit }), last, signal };
  for await (const tag of limit === 0 ? [] : repository.tags.list(options)) {
    if (json) tags.push(tag);
    else output.line(printable(tag));
    count += 1;
    if (count >= limit) break;
  }
  if (json) output.line(jsonLine({ name, tags }));
}

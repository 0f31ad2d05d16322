import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Collect } from "../../front/collect.js";
import type { CollectReport } from "../../generated/CollectReport.js";
import type { RetentionPolicy } from "../../generated/RetentionPolicy.js";
import { damage, LATE } from "../collected.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, counted, Exit, humanSize, jsonLine, type Output } from "../output.js";
import { POLICY_HELP, policyOption } from "../policies.js";

const EXAMPLES = `
Whoever was told that a blob or a manifest is there has half a day to push what
refers to it, so none goes that anybody relied on in the last day. A blob that is
in no repository any more is condemned, and its bytes go in a run that comes to it
an hour later or more. A server may serve the folder meanwhile, and does the same
each hour by itself.
${POLICY_HELP}

Examples:
  $ pierhead collect registry --dry-run --policy '**,untagged,keep-days=90'
  $ pierhead collect registry --policy 'ci/**,untagged,keep-tags=10' --policy '**,untagged'

With --json: {"done", "busy", "early", "dry", "repositories", "tags", "manifests",
"links", "uploads", "condemned", "blobs", "segments", "bytes", "damaged",
"late"}; "links" are blobs that left a repository, "segments" objects with bytes,
and "damaged" records that cannot be read, of which all stays that they may need.

Exit status: 0; 1 if there are such records; 2 if it could not be done, such as
while another collection is at it.`;

/** Milliseconds that a visit may take to its end when it was told to stop: the store has a minute for each thing. */
const GRACE = 65_000;

interface Flags {
  dryRun?: true;
  policy?: readonly RetentionPolicy[];
  json?: true;
}

/** Adds `pierhead collect`. */
export function addCollect(program: Command, context: Context): void {
  program
    .command("collect")
    .summary("rid a registry's folder of what nobody needs")
    .description("Rids the folder of a registry of what nobody needs any more.")
    .argument("<folder>", "the folder that pierhead serve --store keeps images in")
    .option("--dry-run", "change nothing, and print what would go")
    .addOption(policyOption())
    .option("--json", "print one line of JSON about it")
    .addHelpText("after", EXAMPLES)
    .action((folder: string, flags: Flags) => carryOut(folder, context, () => collectFolder(folder, flags, context)));
}

async function collectFolder(folder: string, flags: Flags, context: Context): Promise<void> {
  const { output } = context;
  await access(join(folder, "pierhead-store")).catch((cause) => {
    throw new CliError("no registry is kept there", { cause });
  });
  const { createHandler, fs } = await import("../serve/serve.js");
  // What the store fails with ends the collection, and is said then.
  const { collect } = createHandler({ store: fs(folder), onError: () => {} });
  context.lingers(GRACE);
  const report = await collectAll(collect, flags, context);
  tell(report, flags, output);
  if (report.damaged > 0) context.exitCode = Exit.failed;
}

async function collectAll(collect: Collect, { dryRun, policy }: Flags, { signal }: Context): Promise<CollectReport> {
  for (;;) {
    const report = await collect({ dryRun, policies: policy, signal });
    if (report.busy) throw new CliError("another collection is at it, or was cut off in the last ten minutes");
    if (report.late) throw new CliError(LATE);
    if (report.done) return report;
  }
}

function tell(report: CollectReport, { json }: Flags, output: Output): void {
  if (json) {
    output.line(jsonLine(report));
    return;
  }
  const { repositories, tags, manifests, links, uploads, condemned, blobs, segments, bytes, dry } = report;
  const gone = [
    tags > 0 && counted(tags, "tag"),
    manifests > 0 && counted(manifests, "manifest"),
    uploads > 0 && counted(uploads, "upload"),
    blobs > 0 && counted(blobs, "blob"),
    segments > 0 && `${counted(segments, "object of bytes", "objects of bytes")} (${humanSize(bytes)})`,
  ];
  const listed = gone.filter((part) => part !== false).join(", ") || "nothing";
  output.line(`${counted(repositories, "repository", "repositories")} gone through`);
  output.line(`${dry ? "would be " : ""}gone: ${listed}`);
  if (links > 0) output.line(`${dry ? "would have " : ""}left a repository: ${counted(links, "blob")}`);
  if (condemned > 0) output.line(`${dry ? "would be " : ""}condemned: ${counted(condemned, "blob")}`);
  const warning = damage(report);
  if (warning !== undefined) output.warn(warning);
}

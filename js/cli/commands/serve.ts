import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CollectReport } from "../../generated/CollectReport.js";
import type { RetentionPolicy } from "../../generated/RetentionPolicy.js";
import { gathered, wholeNumber } from "../arguments.js";
import { damage, LATE } from "../collected.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, jsonLine, type Output } from "../output.js";
import { POLICY_HELP, policyOption } from "../policies.js";

const EXAMPLES = `
Whoever reaches the address may read, and write unless --read-only is given: it
is 127.0.0.1 unless another is named. There it answers to localhost and to
addresses, and to web pages only by --cors; elsewhere every page may read. Beside
/v2/ there are /healthz, and /metrics for Prometheus.

Examples:
  $ pierhead serve --store registry
  $ pierhead serve --store registry --policy 'ci/**,untagged,keep-days=30'
  $ pierhead serve --memory --port 0
  $ pierhead serve --store registry --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

Each hour it rids the store of what nobody needs: uploads that nobody went on with
for a day, blobs that no manifest has named for a day, and by --policy more.
--collect sets another time, or 0 for never. With --read-only it takes nothing
away. Several servers of one folder share the work.
${POLICY_HELP}

With --log: a line of JSON for each request, {"operation", "method",
"repository", "reference", "status", "received", "sent", "duration", "outcome"},
and for each visit of a collection, {"operation": "collect", …} with what pierhead
collect --json prints.

SIGINT or SIGTERM ends it, once the requests that run have ended, at most half a
minute later; a second one ends it at once. Exit status: 0, or 2 if it could not
be started.`;

/** Milliseconds that requests have to end in, once it was told to end. */
const GRACE = 30_000;

const MINUTE = 60_000;
/** Minutes from one collection to the next: as long as nothing else is said, and at most. */
const COLLECT = 60;
const MAX_MINUTES = 7 * 24 * 60;

interface Flags {
  store?: string;
  memory?: true;
  memoryLimit?: number;
  host: string;
  port: number;
  tlsCert?: string;
  tlsKey?: string;
  readOnly?: true;
  maxConnections?: number;
  cors?: readonly string[];
  allowHost?: readonly string[];
  validation: "structural" | "1.1" | "dev" | "schema";
  collect?: number;
  policy?: readonly RetentionPolicy[];
  log?: true;
}

/** Adds `pierhead serve`. */
export function addServe(program: Command, context: Context): void {
  program
    .command("serve")
    .summary("host images: a registry over a folder, or in memory")
    .description("Serves a registry over HTTP/1.1, which keeps its images in a folder or in memory.")
    .addOption(new Option("--store <folder>", "keep the images in this folder").conflicts("memory"))
    .option("--memory", "keep the images in memory, until it ends")
    .addOption(
      new Option("--memory-limit <MiB>", "how much memory the images may take: half of this machine's unless given")
        .argParser(positive)
        .conflicts("store"),
    )
    .option("--host <address>", "the address to listen at", "127.0.0.1")
    .option("--port <number>", "the port to listen at; 0 for any that is free", port, 5000)
    .option("--tls-cert <file>", "serve HTTPS, by this certificate and those that prove it (PEM)")
    .option("--tls-key <file>", "the certificate's key (PEM)")
    .option("--read-only", "take nothing")
    .option("--max-connections <number>", "how many connections there may be at a time: 1024 unless given", positive)
    .option(
      "--cors <origin>",
      "let web pages of this origin read and write, and no others; may be given several times",
      gathered,
    )
    .option(
      "--allow-host <name>",
      "answer on this machine to this name, such as that of a proxy before it; may be given several times",
      gathered,
    )
    .addOption(
      new Option("--validation <profile>", "what manifests must be valid by")
        .choices(["structural", "1.1", "dev", "schema"])
        .default("structural"),
    )
    .option("--collect <minutes>", "how often what nobody needs is collected; 0 for never (default: 60)", minutes)
    .addOption(policyOption())
    .option("--log", "print a line of JSON for each request")
    .addHelpText("after", EXAMPLES)
    .action((flags: Flags) => carryOut("serve", context, () => serveStore(flags, context)));
}

async function serveStore(flags: Flags, context: Context): Promise<void> {
  const { output, signal } = context;
  const {
    store: folder,
    memory: inMemory,
    host,
    port,
    readOnly,
    maxConnections,
    cors,
    allowHost,
    validation,
    log,
  } = flags;
  if (folder === undefined && !inMemory) throw new CliError("name a folder with --store, or give --memory");
  if (readOnly && flags.collect)
    throw new CliError("--collect takes away what --read-only leaves as it is: give one of them");
  const { policy: policies, collect = readOnly ? 0 : COLLECT } = flags;
  if (policies && collect === 0) throw new CliError("--policy is of no use where nothing is collected");
  const tls = await tlsOf(flags);
  const { serve, fs, memory } = await import("../serve/serve.js");
  const serving = await serve(
    {
      store: folder === undefined ? memory({ maxBytes: memoryLimit(flags) }) : fs(folder),
      validation,
      readOnly,
      ...(cors && { cors }),
      onError: (error) => output.problem(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      ...(log && { onEvent: ({ error: _, ...event }) => output.line(jsonLine(event)) }),
    },
    {
      host,
      port,
      tls,
      names: allowHost,
      limits: { maxConnections },
      collecting:
        collect === 0
          ? undefined
          : { every: collect * MINUTE, policies, onCollect: (report) => told(report, flags, output) },
    },
  );
  // Requests that run are let end, rather than the process within a moment.
  context.lingers(GRACE);
  output.note(`pierhead: serving ${serving.url}/v2/ ${folder === undefined ? "from memory" : `from ${folder}`}`);
  if (!serving.isLocal && !readOnly) output.warn(`whoever reaches ${host} may write: nobody is asked for a password`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
  await serving.close(GRACE - 1_000);
}

function told(report: CollectReport, { log }: Flags, output: Output): void {
  if (log) output.line(jsonLine({ operation: "collect", ...report }));
  if (!report.done) return;
  if (report.late) output.problem(LATE);
  const warning = damage(report);
  if (warning !== undefined) output.warn(warning);
}

async function tlsOf({ tlsCert, tlsKey }: Flags): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new CliError("--tls-cert and --tls-key are given together");
  return { cert: await readFile(tlsCert, "utf8"), key: await readFile(tlsKey, "utf8") };
}

/** Bytes of images that memory may hold. */
function memoryLimit({ memoryLimit }: Flags): number {
  if (memoryLimit !== undefined) return memoryLimit * 1024 * 1024;
  // Of a container its own; where nothing constrains it, Node says 0 or more than there is.
  return Math.floor(Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()) / 2);
}

function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError("It has to be more than 0.");
  return number;
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError("It has to be a port, 0 to 65535.");
  return number;
}

function minutes(text: string): number {
  const number = wholeNumber(text);
  if (number > MAX_MINUTES) throw new InvalidArgumentError(`It has to be a number of minutes, 0 to ${MAX_MINUTES}.`);
  return number;
}

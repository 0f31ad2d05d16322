import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { gathered, wholeNumber } from "../arguments.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, jsonLine } from "../output.js";

const EXAMPLES = `
Whoever reaches the address may read, and write unless --read-only is given: it
is 127.0.0.1 unless another is named. There it answers to localhost and to
addresses, and to web pages only by --cors; elsewhere every page may read. Beside
/v2/ there are /healthz, and /metrics for Prometheus.

Examples:
  $ pierhead serve --store registry
  $ pierhead serve --memory --port 0
  $ pierhead serve --store registry --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

With --log: a line of JSON for each request, {"operation", "method",
"repository", "reference", "status", "received", "sent", "duration", "outcome"}.

SIGINT or SIGTERM ends it, once the requests that run have ended, at most half a
minute later; a second one ends it at once. Exit status: 0, or 2 if it could not
be started.`;

/** Milliseconds that requests have to end in, once it was told to end. */
const GRACE = 30_000;

interface Flags {
  store?: string;
  memory?: true;
  host: string;
  port: number;
  tlsCert?: string;
  tlsKey?: string;
  readOnly?: true;
  cors?: readonly string[];
  allowHost?: readonly string[];
  validation: "structural" | "1.1" | "dev" | "schema";
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
    .option("--host <address>", "the address to listen at", "127.0.0.1")
    .option("--port <number>", "the port to listen at; 0 for any that is free", port, 5000)
    .option("--tls-cert <file>", "serve HTTPS, by this certificate and those that prove it (PEM)")
    .option("--tls-key <file>", "the certificate's key (PEM)")
    .option("--read-only", "take nothing")
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
    .option("--log", "print a line of JSON for each request")
    .addHelpText("after", EXAMPLES)
    .action((flags: Flags) => carryOut("serve", context, () => serveStore(flags, context)));
}

async function serveStore(flags: Flags, context: Context): Promise<void> {
  const { output, signal } = context;
  const { store: folder, memory: inMemory, host, port, readOnly, cors, allowHost, validation, log } = flags;
  if (folder === undefined && !inMemory) throw new CliError("name a folder with --store, or give --memory");
  const tls = await tlsOf(flags);
  const { serve, fs, memory, isLoopback } = await import("../serve/serve.js");
  const serving = await serve(
    {
      store: folder === undefined ? memory() : fs(folder),
      validation,
      readOnly,
      ...(cors && { cors }),
      onError: (error) => output.problem(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      ...(log && { onEvent: ({ error: _, ...event }) => output.line(jsonLine(event)) }),
    },
    { host, port, tls, names: allowHost },
  );
  // Requests that run are let end, rather than the process within a moment.
  context.lingers(GRACE);
  output.note(`pierhead: serving ${serving.url}/v2/ ${folder === undefined ? "from memory" : `from ${folder}`}`);
  if (!isLoopback(host) && !readOnly) output.warn(`whoever reaches ${host} may write: nobody is asked for a password`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
  await serving.close(GRACE - 1_000);
}

async function tlsOf({ tlsCert, tlsKey }: Flags): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new CliError("--tls-cert and --tls-key are given together");
  return { cert: await readFile(tlsCert, "utf8"), key: await readFile(tlsKey, "utf8") };
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError("It has to be a port, 0 to 65535.");
  return number;
}

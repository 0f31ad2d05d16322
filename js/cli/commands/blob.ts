import type { Command } from "commander";
import type { Blob } from "../../entry/client.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, jsonLine, printable } from "../output.js";
import { createProgress, OUTCOMES, type Progress } from "../progress/progress.js";
import { pushFile } from "../push-file.js";
import { addReachOptions, type ReachFlags, Registries } from "../registries.js";
import { checkTerminal, fileOf, type SaveFlags, save } from "../save.js";

const GET_EXAMPLES = `
Examples:
  $ pierhead blob get ghcr.io/owner/image@sha256:… -o layer.tar.gz
  $ pierhead blob get ghcr.io/owner/image@sha256:… | tar -tz

With --json, which needs --output: {"name", "digest", "size", "file"}.

Exit status: 0, 1 if it is not what it has to be (what was printed then lacks its
end, and a file is not there), 2 if it could not be read or the arguments are
wrong.`;

const PUT_EXAMPLES = `
What the registry has already is not sent. A file is read twice: first for its
digest.

Examples:
  $ pierhead blob put registry.example/owner/image layer.tar.gz
  $ tar -cz rootfs | pierhead blob put registry.example/owner/image -

With --json: {"name", "digest", "size", "outcome"}; "outcome" is "done",
"exists", or "mounted" from another repository.

Exit status: 0, 1 if it has not the digest that it has to have, 2 if it could not
be pushed or the arguments are wrong.`;

interface PutFlags extends ReachFlags {
  digest?: string;
  quiet?: true;
  json?: true;
}

interface GetFlags extends ReachFlags, SaveFlags {
  quiet?: true;
  json?: true;
}

/** Adds `pierhead blob`. */
export function addBlob(program: Command, context: Context): void {
  const blob = program
    .command("blob")
    .summary("read and push blobs")
    .description("Reads and pushes blobs: layers, configurations, and whatever else has a digest.")
    .helpCommand(false);
  const get = blob
    .command("get")
    .summary("print a blob, or save it in a file")
    .description("Prints a blob, which is verified as it comes, in constant memory however large it is.")
    .argument("<reference>", "a repository with a digest: registry/repository@sha256:…")
    .option("-o, --output <file>", "save it in this file, which appears when it is complete")
    .option("--force", "overwrite the file")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one line of JSON about it");
  addReachOptions(get)
    .addHelpText("after", GET_EXAMPLES)
    .action((reference: string, flags: GetFlags) =>
      carryOut(reference, context, () => getBlob(reference, flags, context)),
    );
  addPut(blob, context);
}

function addPut(blob: Command, context: Context): void {
  const put = blob
    .command("put")
    .summary("push a file as a blob")
    .description("Pushes a file as a blob, in constant memory however large it is, and prints its digest.")
    .argument("<repository>", "registry/repository")
    .argument("<file>", "what to push, or - for standard input")
    .option("--digest <digest>", "the digest that it has to have")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one line of JSON about it");
  addReachOptions(put)
    .addHelpText("after", PUT_EXAMPLES)
    .action((repository: string, file: string, flags: PutFlags) =>
      carryOut(repository, context, () => putBlob(repository, file, flags, context)),
    );
}

async function putBlob(text: string, file: string, flags: PutFlags, context: Context): Promise<void> {
  const { output, signal } = context;
  const { name, repository } = new Registries(flags, context).repositoryNamed(text);
  const progress = createProgress({ quiet: flags.quiet === true, json: flags.json === true }, output);
  try {
    const { digest, size, status } = await pushFile(repository, file, { digest: flags.digest, progress, signal });
    progress.end();
    output.line(
      flags.json ? jsonLine({ name, digest, size, outcome: OUTCOMES[status] }) : `${digest}  ${printable(file)}`,
    );
  } finally {
    progress.end();
  }
}

async function getBlob(reference: string, flags: GetFlags, context: Context): Promise<void> {
  const { output, signal } = context;
  const { name, repository, identifier } = new Registries(flags, context).image(reference);
  if (!identifier.includes(":")) throw new CliError("has no digest: a blob is registry/repository@sha256:…");
  const file = fileOf(flags);
  if (flags.json && file === undefined) throw new CliError("--json needs --output FILE");
  checkTerminal(flags, output);
  const progress = createProgress(
    { quiet: flags.quiet === true || file === undefined, json: flags.json === true },
    output,
  );
  try {
    const blob = await repository.blobs.get(identifier, { signal });
    const counter = new Counter(blob, progress);
    await save(counter.pieces(), flags, output);
    const { digest } = blob;
    progress.settle({ digest, size: counter.bytes, outcome: "done" });
    progress.end();
    if (flags.json) output.line(jsonLine({ name, digest, size: counter.bytes, file }));
    else if (file !== undefined) output.line(`${digest}  ${printable(file)}`);
  } finally {
    progress.end();
  }
}

/** Tells how far a blob has come. */
class Counter {
  bytes = 0;
  readonly #blob: Blob;
  readonly #progress: Progress;

  constructor(blob: Blob, progress: Progress) {
    this.#blob = blob;
    this.#progress = progress;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    const { digest, size, body } = this.#blob;
    for await (const piece of body) {
      yield piece;
      this.bytes += piece.byteLength;
      this.#progress.update({ digest, bytes: this.bytes, total: size });
    }
  }
}

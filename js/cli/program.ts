import { setMaxListeners } from "node:events";
import { constants } from "node:os";
import { Command, CommanderError } from "commander";
import { addAttach } from "./commands/attach.js";
import { addBlob } from "./commands/blob.js";
import { addCollect } from "./commands/collect.js";
import { addCopy } from "./commands/copy.js";
import { addDelete } from "./commands/delete.js";
import { addManifest } from "./commands/manifest.js";
import { addPull } from "./commands/pull.js";
import { addPush } from "./commands/push.js";
import { addReferrers } from "./commands/referrers.js";
import { addServe } from "./commands/serve.js";
import { addTags } from "./commands/tags.js";
import { addCompletion } from "./completion.js";
import type { Context } from "./context.js";
import { Keychain } from "./credentials/keychain.js";
import { addDigest } from "./digest.js";
import { removeUnfinished } from "./files.js";
import { addInspect } from "./inspect.js";
import { addLogin } from "./login.js";
import { describe, Exit, Output } from "./output.js";
import { addValidate } from "./validate.js";
import { version } from "./version.js";

/** How long a command that was given up may take to let go of what it waits for, in milliseconds. */
const GRACE = 500;

const EXAMPLES = `
Examples:
  $ pierhead validate manifest.json
  $ pierhead inspect ghcr.io/owner/image:tag
  $ pierhead pull alpine:3.22
  $ pierhead copy oci:alpine:3.22 registry.example/alpine:3.22

Run pierhead help COMMAND for more about one.`;

const interrupt = new AbortController();
// Whatever goes on at once listens to it.
setMaxListeners(0, interrupt.signal);
const output = new Output(process.stdout, process.stderr);
const { signal } = interrupt;
/** The signal that ended the command, once it has. */
let stopped: NodeJS.Signals = "SIGINT";
/** Ends what does not end when it is told to. */
let killer: NodeJS.Timeout | undefined;
/** How long the command may take then, and whether that is its end in good order. */
let [grace, ends] = [GRACE, false];
const context: Context = {
  output,
  signal,
  keychain: new Keychain(process.env, signal),
  exitCode: Exit.ok,
  lingers(milliseconds) {
    [grace, ends] = [milliseconds, true];
  },
};

process.stdout.on("error", outputFailed);
process.stderr.on("error", () => process.exit(Exit.brokenPipe));
process.on("uncaughtException", (error) => process.exit(report(error)));
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop(name));

try {
  await createProgram().parseAsync();
  process.exitCode = context.exitCode;
} catch (error) {
  process.exitCode = report(error);
}
if (ends) {
  clearTimeout(killer);
} else if (signal.aborted) {
  process.exitCode = report(signal.reason);
  clearTimeout(killer);
  // What was begun at a registry is being taken back.
  setTimeout(() => process.exit(), GRACE).unref();
}

/** Gives up what is going on. */
function stop(name: NodeJS.Signals): void {
  stopped = name;
  interrupt.abort();
  // What cannot be given up must not keep the terminal. A pipe that is being opened, and has no writer, would keep even
  // process.exit waiting, so the signal comes again; this listener is gone by then, and the process with it.
  killer = setTimeout(() => {
    removeUnfinished();
    process.kill(process.pid, name);
  }, grace);
  killer.unref();
}

function createProgram(): Command {
  const program = new Command("pierhead")
    .description(
      "Validates OCI documents, computes digests, and moves images between registries, layouts and archives with every byte verified.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    .configureOutput({ outputError: (text) => output.problem(text.replace(/^error: /, "")) })
    .exitOverride();
  addValidate(program, context);
  addInspect(program, context);
  addDigest(program, context);
  addPull(program, context);
  addPush(program, context);
  addCopy(program, context);
  addTags(program, context);
  addReferrers(program, context);
  addManifest(program, context);
  addBlob(program, context);
  addAttach(program, context);
  addDelete(program, context);
  addServe(program, context);
  addCollect(program, context);
  addLogin(program, context);
  addCompletion(program, context);
  addHelp(program);
  return program;
}

/** Adds `pierhead help`: commander's own answers an unknown command with the whole help, and not with what is wrong. */
function addHelp(program: Command): void {
  program
    .command("help")
    .description("show the help of a command")
    .argument("[command...]")
    .action((names: string[]) => {
      let command = program;
      for (const name of names) {
        const found = command.commands.find((known) => known.name() === name);
        command = found ?? command.error(`unknown command '${name}'`);
      }
      command.help();
    });
}

/** Says what went wrong, unless that has been said or needs no word, and returns the exit status. */
function report(error: unknown): number {
  if (signal.aborted) return Exit.signal + constants.signals[stopped];
  // The library has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.ok : Exit.trouble;
  output.problem(describe(error));
  return Exit.trouble;
}

/** Whoever reads the output may stop at any time (`| head`); that is no error to speak of. */
function outputFailed(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(Exit.brokenPipe);
  process.exit(report(error));
}

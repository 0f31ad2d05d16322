import { type Command, Option } from "commander";
import { type Algorithm, digestStream } from "../entry/index.js";
import type { Context } from "./context.js";
import { checkStdinOnce, openInput } from "./input.js";
import { describe, Exit, printable } from "./output.js";

const EXAMPLES = `
Examples:
  $ pierhead digest layer.tar.gz
  $ pierhead digest --algorithm sha512 layout/blobs/sha256/*
  $ tar -c rootfs | pierhead digest -

Exit status: 0, or 2 if a file could not be read or the arguments are wrong.`;

/** Adds `pierhead digest`. */
export function addDigest(program: Command, context: Context): void {
  program
    .command("digest")
    .summary("print the digests of files")
    .description("Prints the digest of each file, in constant memory however large it is.")
    .argument("<file...>", "files to read, or - for standard input")
    .addOption(
      new Option("--algorithm <algorithm>", "the algorithm").choices(["sha256", "sha512", "blake3"]).default("sha256"),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], { algorithm }: { algorithm: Algorithm }) => {
      context.exitCode = await digestFiles(files, algorithm, context);
    });
}

async function digestFiles(files: string[], algorithm: Algorithm, { output, signal }: Context): Promise<number> {
  checkStdinOnce(files);
  let exit: number = Exit.ok;
  for (const file of files) {
    try {
      const { digest } = await digestStream(await openInput(file), { algorithm, signal });
      output.line(`${digest}  ${printable(file)}`);
    } catch (error) {
      signal.throwIfAborted();
      output.problem(describe(error));
      exit = Exit.trouble;
    }
  }
  return exit;
}

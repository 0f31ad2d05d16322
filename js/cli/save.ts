import { writeWhole } from "./files.js";
import { STDIN } from "./input.js";
import { CliError, type Output } from "./output.js";

/** Where content goes: the options of commands that fetch one. */
export interface SaveFlags {
  output?: string;
  force?: true;
}

/** The file that is named, if it is not standard output. */
export function fileOf({ output }: SaveFlags): string | undefined {
  return output === STDIN ? undefined : output;
}

/**
 * Writes what comes in pieces, and fails before its last one where it is not right, to the file that is named, which appears when it is
 * complete; or to standard output, which then has all but the end.
 */
export async function save(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  flags: SaveFlags,
  output: Output,
): Promise<void> {
  const path = fileOf(flags);
  if (path !== undefined) {
    await writeWhole(path, { overwrite: flags.force === true }, (file) => file.writeFile(pieces));
    return;
  }
  for await (const piece of pieces) await output.bytes(piece);
}

/** What is not text would be obeyed by a terminal, unless that is asked for. */
export function checkTerminal(flags: SaveFlags, output: Output): void {
  if (flags.output === undefined && output.isTerminal) {
    throw new CliError("what it prints is not for a terminal: give --output FILE, or --output - for all that");
  }
}

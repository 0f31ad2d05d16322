/** What the scripts for bash and zsh have in common: their `case`. */
import type { CompletedCommand } from "./tree.js";

/** Patterns of all commands but the program itself. */
export function names(commands: readonly CompletedCommand[]): string {
  return commands.flatMap(({ path }) => (path === "" ? [] : [quoted(path)])).join(" | ");
}

/** A clause for each command of which there is something to say. `suffix` is the pattern behind its words. */
export function clauses(
  commands: readonly CompletedCommand[],
  action: (command: CompletedCommand) => string | undefined,
  { indent, suffix = "" }: { indent: number; suffix?: string },
): string {
  const lines = commands.flatMap((command) => {
    const done = action(command);
    return done === undefined ? [] : [`${" ".repeat(indent)}${quoted(command.path)}${suffix}) ${done} ;;`];
  });
  return lines.join("\n");
}

/** Clauses for where the value of an option comes next: one of those it may have, or another. */
export function valueClauses(
  commands: readonly CompletedCommand[],
  action: (values: readonly string[]) => string,
  otherwise: string,
): string {
  const lines = commands.flatMap(({ path, options }) => {
    const valued = options.filter(({ takesValue }) => takesValue);
    return valued.map(({ flags, values }) => {
      const patterns = flags.map((flag) => quoted(`${path} ${flag}`)).join(" | ");
      return `    ${patterns}) ${values.length > 0 ? action(values) : otherwise} ;;`;
    });
  });
  return lines.join("\n");
}

/** Text in single quotes, as every POSIX shell reads it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

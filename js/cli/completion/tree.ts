import type { Command, Option } from "commander";

/** An option of a command. */
export interface CompletedOption {
  /** Its short and its long form, each with its dashes. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Whether a value comes behind it. */
  readonly takesValue: boolean;
  /** The values that it may have; empty where any will do. */
  readonly values: readonly string[];
}

/** A word that may come next. */
export interface CompletedWord {
  readonly name: string;
  readonly description: string;
}

/** A command as shells complete it. */
export interface CompletedCommand {
  /** The words that lead to it, each with a space before it: ` manifest get`; empty for the program itself. */
  readonly path: string;
  readonly options: readonly CompletedOption[];
  /** Commands and fixed arguments; empty where arguments are files and names. */
  readonly words: readonly CompletedWord[];
}

/** The program and all commands below it, as they are: so what shells complete cannot be out of date. */
export function completedCommands(program: Command): CompletedCommand[] {
  return below(program, program, "");
}

function below(program: Command, command: Command, path: string): CompletedCommand[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const own = {
    path,
    options: help.visibleOptions(command).map(completedOption),
    words: commands.length > 0 ? commands.map(completedWord) : argumentWords(program, command),
  };
  return [own, ...commands.flatMap((child) => below(program, child, `${path} ${child.name()}`))];
}

function completedOption(option: Option): CompletedOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    values: option.argChoices ?? [],
  };
}

function completedWord(command: Command): CompletedWord {
  return { name: command.name(), description: command.summary() || command.description() };
}

/** What the first argument of a command may be, where it is one of few. */
function argumentWords(program: Command, command: Command): CompletedWord[] {
  const [argument] = command.registeredArguments;
  if (argument?.name() === "command") return program.createHelp().visibleCommands(program).map(completedWord);
  return (argument?.argChoices ?? []).map((name) => ({ name, description: "" }));
}

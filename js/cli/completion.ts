import { Argument, type Command } from "commander";
import { bashScript } from "./completion/bash.js";
import { fishScript } from "./completion/fish.js";
import { completedCommands } from "./completion/tree.js";
import { zshScript } from "./completion/zsh.js";
import type { Context } from "./context.js";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

const EXAMPLES = `
Examples:
  $ source <(pierhead completion bash)    # in ~/.bashrc
  $ source <(pierhead completion zsh)     # in ~/.zshrc, after compinit
  $ pierhead completion fish > ~/.config/fish/completions/pierhead.fish

Exit status: 0, or 2 if the arguments are wrong.`;

/** Adds `pierhead completion`. */
export function addCompletion(program: Command, { output }: Context): void {
  program
    .command("completion")
    .summary("print a script by which a shell completes commands")
    .description(
      "Prints a script by which a shell completes the commands of pierhead, their options and the values of these.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", EXAMPLES)
    .action((shell: keyof typeof SCRIPTS) => output.line(SCRIPTS[shell](completedCommands(program))));
}

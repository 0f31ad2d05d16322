import { clauses, names, quoted, valueClauses } from "./shell.js";
import type { CompletedCommand } from "./tree.js";

/** The script for bash, 3.2 and newer. What has no words of its own is left to bash, which completes files. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  return `# bash completion for pierhead

_pierhead() {
  local at='' words='' index
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  # --option=value comes as three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$at \${COMP_WORDS[index]}" in
      ${names(commands)}) at="$at \${COMP_WORDS[index]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $previous" in
${valueClauses(commands, (values) => assigned(values) ?? "", "return")}
    *)
      case "$at/$current" in
${clauses(commands, ({ options }) => assigned(options.flatMap(({ flags }) => flags)), { indent: 8, suffix: "/-*" })}
${clauses(commands, ({ words }) => assigned(words.map(({ name }) => name)), { indent: 8, suffix: "/*" })}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -o default -F _pierhead pierhead`;
}

function assigned(words: readonly string[]): string | undefined {
  return words.length === 0 ? undefined : `words=${quoted(words.join(" "))}`;
}

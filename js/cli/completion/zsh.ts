import { clauses, names, quoted, valueClauses } from "./shell.js";
import type { CompletedCommand, CompletedOption, CompletedWord } from "./tree.js";

/** The script for zsh: to be sourced, or to be found on the fpath as `_pierhead`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef pierhead

_pierhead() {
  local at='' index
  local -a flags choices
  for ((index = 2; index < CURRENT; index++)); do
    case "$at $words[index]" in
      (${names(commands)}) at="$at $words[index]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${valueClauses(commands, (values) => `compadd -- ${values.map(quoted).join(" ")}; return`, "_files; return")}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    case "$at" in
${clauses(commands, ({ options }) => array("flags", options.flatMap(optionWords)), { indent: 6 })}
    esac
    _describe -o option flags
    return
  fi
  case "$at" in
${clauses(commands, ({ words }) => array("choices", words.map(wordOf)), { indent: 4 })}
  esac
  if (( $#choices )); then
    _describe command choices
  else
    _files
  fi
}

if [[ $funcstack[1] == _pierhead ]]; then
  _pierhead "$@"
else
  compdef _pierhead pierhead
fi`;
}

function array(name: string, words: readonly string[]): string | undefined {
  return words.length === 0 ? undefined : `${name}=(${words.join(" ")})`;
}

function optionWords({ flags, description }: CompletedOption): string[] {
  return flags.map((name) => wordOf({ name, description }));
}

/** A word with what it is for, as `_describe` reads it. */
function wordOf({ name, description }: CompletedWord): string {
  return quoted(description === "" ? name : `${name}:${description.replace(/[\\:]/g, "\\$&")}`);
}

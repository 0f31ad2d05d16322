import type { CompletedCommand, CompletedOption, CompletedWord } from "./tree.js";

/** The script for fish. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ path }) => (path === "" ? [] : [quoted(path)]));
  return [
    "# fish completion for pierhead",
    "",
    "# Whether the words so far lead to a command.",
    "function __pierhead_at",
    "    set -l at ''",
    "    for word in (commandline -opc)[2..-1]",
    `        if contains -- "$at $word" ${known.join(" ")}`,
    '            set at "$at $word"',
    "        end",
    "    end",
    '    test "$at" = "$argv[1]"',
    "end",
    "",
    ...commands.flatMap(({ path, options, words }) => {
      const where = `complete -c pierhead -n ${quoted(`__pierhead_at ${quoted(path)}`)}`;
      return [
        ...words.map((word) => `${where}${wordPart(word)}`),
        ...options.map((option) => `${where}${optionPart(option)}`),
      ];
    }),
  ].join("\n");
}

function wordPart({ name, description }: CompletedWord): string {
  return ` -f -a ${quoted(name)}${descriptionPart(description)}`;
}

function optionPart({ flags, description, takesValue, values }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join("");
  const value = values.length > 0 ? ` -x -a ${quoted(values.join(" "))}` : takesValue ? " -r" : "";
  return `${names}${value}${descriptionPart(description)}`;
}

function descriptionPart(description: string): string {
  return description === "" ? "" : ` -d ${quoted(description)}`;
}

/** Text in single quotes, where fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

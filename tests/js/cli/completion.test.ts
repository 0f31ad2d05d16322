/** Completion as the shells do it: bash is there, and zsh and fish where they are installed. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { pierhead, scratch, TIMEOUT } from "./run.ts";

const { PATH = "" } = process.env;
const cwd = await scratch();
/** Where there is one file. */
const folder = join(cwd, "folder");
await mkdir(folder);
await writeFile(join(folder, "a-file"), "");
const COMMANDS = (await usageOf()).commands;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await pierhead(["completion", shell]);
    expect(code).toBe(0);
    scripts.set(shell, stdout);
  }
}, TIMEOUT.timeout);

function script(shell: string): string {
  return scripts.get(shell) ?? "";
}

/** The commands below a command, and its options, as its help tells them. */
async function usageOf(...path: string[]): Promise<{ commands: string[]; options: string[] }> {
  const { stdout } = await pierhead([...path, "--help"]);
  const listed = (title: string) => new RegExp(`\\n${title}:\\n((?: .*\\n)+)`).exec(stdout)?.[1] ?? "";
  return {
    commands: [...listed("Commands").matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = ""]) => name),
    options: [...listed("Options").matchAll(/^ {2}(-[\w-]+(?:, --[\w-]+)?)/gm)].flatMap(([, flags = ""]) =>
      flags.split(", "),
    ),
  };
}

/** Every command that can be given, with what its help says. */
async function allCommands(path: string[] = []): Promise<{ path: string[]; options: string[]; commands: string[] }[]> {
  const { commands, options } = await usageOf(...path);
  const below = await Promise.all(commands.map((name) => allCommands([...path, name])));
  return [{ path, options, commands }, ...below.flat()];
}

/** Where a program is, if it is installed. */
function installed(name: string): string | undefined {
  const folders = PATH.split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What bash makes of a line, up to its last word. */
function bash(words: readonly string[]): string[] {
  const text = `${script("bash")}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pierhead
    ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(
    execFileSync("bash", ["--norc", "-uc", text, "bash", "pierhead", ...words], { cwd: folder, encoding: "utf8" }),
  );
}

/** What zsh would offer of a line: its own functions only write down what they are given. */
function zsh(program: string, words: readonly string[]): string[] {
  const text = `
    compdef() { : }
    compadd() { [[ $1 == -- ]] && shift; print -l -- "$@" }
    _describe() { local name=$@[-1]; print -l -- "\${(@P)name%%:*}" }
    _files() { print -l -- * }
    ${script("zsh")}
    words=("$@"); CURRENT=$#; _pierhead`;
  const offered = lines(
    execFileSync(program, ["-fc", text, "zsh", "pierhead", ...words], { cwd: folder, encoding: "utf8" }),
  );
  const last = words.at(-1) ?? "";
  return offered.filter((word) => word.startsWith(last));
}

/** What fish offers. */
function fish(program: string, words: readonly string[]): string[] {
  const text = `${script("fish")}\ncomplete -C ${JSON.stringify(["pierhead", ...words].join(" "))}`;
  const options = { cwd: folder, encoding: "utf8", env: { ...process.env, HOME: cwd, XDG_CONFIG_HOME: cwd } } as const;
  return lines(execFileSync(program, ["--no-config", "-c", text], options)).map((line) => line.split("\t")[0] ?? "");
}

function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

type Complete = (words: readonly string[]) => string[];

const programs = { zsh: installed("zsh"), fish: installed("fish") };
const shells: [string, Complete | undefined][] = [
  ["bash", bash],
  ["zsh", programs.zsh === undefined ? undefined : (words) => zsh(programs.zsh ?? "", words)],
  ["fish", programs.fish === undefined ? undefined : (words) => fish(programs.fish ?? "", words)],
];

describe.each(shells)("%s", TIMEOUT, (shell, complete) => {
  const there = test.skipIf(complete === undefined);
  // bash does it where it is given nothing.
  const files = shell === "bash" ? [] : ["a-file"];
  const offers = (...words: string[]) => (complete?.(words) ?? []).sort();

  there("completes every command and every option that the help has", async () => {
    for (const { path, options, commands } of await allCommands()) {
      // fish offers short options by themselves only where no long one stands for them.
      const long = options.filter((option) => shell !== "fish" || option.startsWith("--"));
      expect(offers(...path, shell === "fish" ? "--" : "-"), path.join(" ")).toEqual(long.sort());
      if (commands.length > 0) expect(offers(...path, ""), path.join(" ")).toEqual(commands.sort());
    }
  });

  there("completes what is begun", () => {
    expect(offers("val")).toEqual(["validate"]);
    expect(offers("validate", "--max")).toEqual(["--max-warnings"]);
    expect(offers("nothing-like-it")).toEqual([]);
  });

  there("completes the values that an option may have, and no others", () => {
    expect(offers("validate", "--format", "")).toEqual(["json", "junit", "sarif", "text"]);
    expect(offers("validate", "--json", "x.json", "--format", "s")).toEqual(["sarif"]);
    expect(offers("digest", "--algorithm", "sha")).toEqual(["sha256", "sha512"]);
    expect(offers("validate", "--max-warnings", "")).toEqual(files);
  });

  there("completes the arguments that are few", () => {
    expect(offers("completion", "")).toEqual(["bash", "fish", "zsh"]);
    expect(offers("help", "")).toEqual([...COMMANDS].sort());
  });

  there("leaves other arguments to the shell, which knows files", () => {
    expect(offers("validate", "")).toEqual(files);
    expect(offers("inspect", "digest", "")).toEqual(files);
  });

  there("has options of the command, whatever comes before", () => {
    expect(offers("digest", "validate", "--a")).toEqual(["--algorithm"]);
    expect(offers("-V", "digest", "--a")).toEqual(["--algorithm"]);
  });

  test("gets a script in which each command and option stands", async () => {
    for (const { path, options } of await allCommands()) {
      for (const word of [...path, ...options]) expect(script(shell)).toContain(word.replace(/^-+/, ""));
    }
  });
});

test("bash completes a value behind an equals sign", () => {
  expect(bash(["validate", "--format", "=", "j"]).sort()).toEqual(["json", "junit"]);
  expect(bash(["validate", "--format", "="]).sort()).toEqual(["json", "junit", "sarif", "text"]);
});

test("bash asks for files where the script has nothing", () => {
  const options = { cwd: folder, encoding: "utf8" } as const;
  expect(execFileSync("bash", ["--norc", "-c", `${script("bash")}\ncomplete -p pierhead`], options)).toBe(
    "complete -o default -F _pierhead pierhead\n",
  );
});

test("a shell that nobody knows is refused", TIMEOUT, async () => {
  const { code, stderr } = await pierhead(["completion", "tcsh"]);
  expect(code).toBe(2);
  expect(stderr).toContain("Allowed choices are bash, zsh, fish.");
});

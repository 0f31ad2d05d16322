/**
 * Running other programs. The project's own tools come first on PATH, as in an npm script: they need a newer Node
 * than the package, which `node_modules/.bin` brings.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./project.mjs";

process.env.PATH = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);

/** @typedef {{cwd?: string, env?: NodeJS.ProcessEnv, echo?: boolean, timeout?: number, input?: string}} RunOptions */

/**
 * Runs a program to its end, and collects what it prints.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options] `echo` copies the output to stderr as it comes; `timeout` is in milliseconds; `input`
 *   is what stdin has, which is closed unless told.
 * @returns {Promise<{code: number, stdout: string, output: string}>} `output` is both streams, interleaved.
 */
export function capture(command, args, { cwd = root, env = process.env, echo = false, timeout, input } = {}) {
  return new Promise((resolve) => {
    const stdio = [input === undefined ? "ignore" : "pipe", "pipe", "pipe"];
    const child = spawn(command, args, { cwd, env, stdio, timeout });
    // A program that ends before it has read everything is no failure of this one.
    child.stdin?.on("error", () => {}).end(input);
    let stdout = "";
    let output = "";
    for (const [name, stream] of [
      ["stdout", child.stdout],
      ["stderr", child.stderr],
    ]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (name === "stdout") stdout += text;
        if (echo) process.stderr.write(text);
      });
    }
    child.on("error", (error) => resolve({ code: 127, stdout, output: `${output}${error.message}\n` }));
    child.on("close", (code, signal) => {
      if (signal) output += `${command} ended by ${signal}\n`;
      resolve({ code: code ?? 1, stdout, output });
    });
  });
}

/**
 * Runs a program that has to succeed.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} What it printed on stdout.
 * @throws {Error} with everything it printed, when it fails.
 */
export async function run(command, args, options) {
  const { code, stdout, output } = await capture(command, args, options);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed with status ${code}\n${output.trimEnd()}`);
  }
  return stdout;
}

/** The first line a program prints for `--version`, or undefined when it is not installed. */
export function versionOf(command, args = ["--version"]) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.split("\n", 1)[0].trim() : undefined;
}

/** Whether a program is on PATH. */
export function isInstalled(command) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The path of a tool that npm installed with the project. */
export function npmBin(name) {
  return join(root, "node_modules", ".bin", name);
}

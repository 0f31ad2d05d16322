/** Runs the suite in a runtime that has a command line. */
import { capture, npmBin } from "../../scripts/lib/run.mjs";

/** The whole suite; a runtime that hangs is ended. In milliseconds. */
const TIMEOUT = 10 * 60_000;

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} bundle
 * @param {import("./case.ts").Facts} facts
 * @returns {Promise<import("./case.ts").Result[]>}
 */
export async function runInProcess(program, args, bundle, facts) {
  const command = [...args, bundle, JSON.stringify(facts)];
  const { code, stdout, output } = await capture(npmBin(program), command, { timeout: TIMEOUT });
  if (code !== 0) throw new Error(`${program} ended with status ${code}\n${output.trimEnd()}`);
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** The most resident memory that a program had, as Linux counts it for the process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** How often it is looked at, in milliseconds; what is read is the peak so far, so only the very end may be missed. */
const INTERVAL = 10;

/**
 * @param {string} command The program itself: not a script that starts it.
 * @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<number>} Bytes.
 * @throws {Error} with what it said on stderr, when it fails.
 */
export async function peakMemory(command, args, { env } = {}) {
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, peakOf(child.pid));
  };
  const timer = setInterval(look, INTERVAL);
  const [code] = await once(child, "close").finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed with status ${code}\n${said.trimEnd()}`);
  if (peak === 0) throw new Error("/proc does not tell the memory of a process here");
  return peak;
}

/** VmHWM belongs to the program alone: what getrusage gives counts who started it, too. */
function peakOf(pid) {
  try {
    const [, kibibytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}

/** Servers that are programs of their own, on loopback: started, asked until they answer, and ended by their process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** How long a server may take to start if nobody says otherwise, and to end when it is asked to, in milliseconds. */
const START_TIMEOUT = 15_000;
const STOP_TIMEOUT = 5_000;

/** How much of what a server says on stderr is kept for the error, in characters. */
const SAID_LIMIT = 4_000;

/**
 * Starts a program and waits until it answers HTTP, with whatever status.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{probe: string, env?: NodeJS.ProcessEnv, timeout?: number}} options `probe` is the URL to ask; `timeout` how long it may take to start, in
 *   milliseconds.
 * @returns {Promise<{pid: number, close(): Promise<void>, kill(): Promise<void>}>} `kill` ends it in the middle of whatever it does.
 * @throws {Error} with the end of what it said, when it ends or does not answer in time.
 */
export async function startServer(command, args, { probe, env = process.env, timeout = START_TIMEOUT }) {
  // Into a file: a pipe that nobody reads, because this process waits for another one, would hold the server up.
  const folder = mkdtempSync(join(tmpdir(), "pierhead-server-"));
  const log = join(folder, "stderr");
  const stderr = openSync(log, "w");
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", stderr] });
  closeSync(stderr);
  const failed = new Promise((resolve) => {
    child.once("error", resolve);
  });
  const ended = once(child, "exit").catch(() => undefined);
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  // Whatever ends the test ends its servers.
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  const close = async () => {
    process.removeListener("exit", orphaned);
    if (running()) {
      child.kill();
      const killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
      await ended;
      clearTimeout(killer);
    }
    rmSync(folder, { recursive: true, force: true });
  };

  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
    await close();
  };

  const deadline = Date.now() + timeout;
  while (Date.now() < deadline) {
    const error = await Promise.race([failed, wait(25)]);
    if (error !== undefined) {
      await close();
      throw new Error(`${command} does not start: ${error.message}`);
    }
    if (!running()) break;
    const response = await fetch(probe, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response !== undefined) return { pid: child.pid, close, kill };
  }
  const said = readFileSync(log, "utf8").slice(-SAID_LIMIT);
  await close();
  throw new Error(`${command} does not start:\n${said}`);
}

/** @returns {Promise<number>} A port of 127.0.0.1 that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** `pierhead serve`, as a process of its own. */
import { join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { freePort, startServer } from "./server.mjs";

/**
 * @param {string[]} options Of the command, but for where it listens.
 * @param {{node?: string, env?: NodeJS.ProcessEnv}} [how] `node` is the program that runs it.
 * @returns {Promise<{pid: number, url: string, host: string, close(): Promise<void>, kill(): Promise<void>}>}
 */
export async function startServe(options, { node = process.execPath, env } = {}) {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  const args = [join(root, "dist", "cli", "main.js"), "serve", "--port", String(port), ...options];
  return { ...(await startServer(node, args, { probe: `${url}/healthz`, env })), url, host };
}

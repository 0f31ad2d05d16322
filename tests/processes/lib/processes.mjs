/** Registries in processes of their own, which may be killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { root } from "../../../scripts/lib/project.mjs";
import { npmBin } from "../../../scripts/lib/run.mjs";
import { startServe } from "../../support/serve.mjs";
import { freePort, startServer } from "../../support/server.mjs";

const SERVE = fileURLToPath(new URL("serve.mjs", import.meta.url));
const CLOCK = new URL("clock.mjs", import.meta.url).href;

/**
 * @param {{folder: string, heedless?: "ifVersion" | "ifAbsent"} | {place: import("pierhead/stores/s3").S3Place}} store
 * @param {object} [front] Options of the front.
 */
export async function startFront(store, front = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = JSON.stringify({ port, store, ...front });
  return { url, ...(await startServer(npmBin("node"), [SERVE, options], { probe: `${url}/healthz` })) };
}

/** `pierhead serve` over a folder. @param {{ahead?: number}} [clock] */
export function startCommand(folder, { ahead = 0 } = {}) {
  return startServe(["--store", folder], { node: npmBin("node"), env: clockOf(ahead) });
}

/** The environment of a process whose clock is ahead by so many milliseconds. */
export function clockOf(ahead) {
  return { ...process.env, NODE_OPTIONS: `--import=${CLOCK}`, PIERHEAD_CLOCK_AHEAD: String(ahead) };
}

/**
 * `pierhead collect` of a folder, which may be killed.
 *
 * @returns {{ended: Promise<{status: number | null, said: string}>, kill(): void}} `status` is null where it was.
 */
export function startCollect(folder, { ahead }) {
  const args = [join(root, "dist", "cli", "main.js"), "collect", folder, "--json"];
  const child = spawn(npmBin("node"), args, { env: clockOf(ahead), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = once(child, "close").then(([status]) => ({ status, said }));
  return { ended, kill: () => child.kill("SIGKILL") };
}

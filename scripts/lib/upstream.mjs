/** A registry on loopback that holds the committed image: a real one where it is installed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fixtureLayout, startRegistry } from "../../tests/support/registry.mjs";
import { pushLayout } from "./push-layout.mjs";
import { isInstalled } from "./run.mjs";

/** How long a registry may take to start, in milliseconds. */
const START_TIMEOUT = 10_000;

/** @returns {Promise<{what: string, url: string, close(): Promise<void>}>} `what` names the kind of registry. */
export async function startUpstream() {
  if (isInstalled("docker-registry")) return await startDockerRegistry();
  const { url, close } = await startRegistry();
  return { what: "the test registry of this repository (Debian's docker-registry is not installed)", url, close };
}

async function startDockerRegistry() {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.json");
  // JSON is YAML, which the registry reads.
  const settings = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: address },
  };
  writeFileSync(config, JSON.stringify(settings));
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = once(child, "exit");
  const close = async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://${address}`;
  try {
    await answering(url, child);
    await pushLayout(url, "hello", fixtureLayout);
  } catch (error) {
    await close();
    throw error;
  }
  return { what: "Debian's docker-registry", url, close };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answering(url, child) {
  const deadline = Date.now() + START_TIMEOUT;
  while (Date.now() < deadline && child.exitCode === null) {
    const response = await fetch(`${url}/v2/`).catch(() => undefined);
    if (response?.ok) return;
    await wait(50);
  }
  throw new Error("docker-registry does not start");
}

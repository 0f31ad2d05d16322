/**
 * A page that no debugger watches. What drives pages keeps a copy of every body that they send, so neither their
 * memory nor their time is their own then: this one asks the test's server what to do, and sends it what came out.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHROMIUM, FLAGS } from "./chromium.mjs";

/** How long the page may take to come up, and for one call, in milliseconds. */
const START_TIMEOUT = 30_000;
const CALL_TIMEOUT = 5 * 60_000;

/** Works for a moment, by which its process is known, and then does what it is told. */
const PAGE = `<!doctype html><title>Pierhead</title><script type="module">
  const until = performance.now() + 500;
  while (performance.now() < until);
  await import("/suite.mjs");
  for (;;) {
    const { name, args } = await (await fetch("/next")).json();
    const outcome = await globalThis[name](...args).then((value) => ({ value }), (error) => ({ error: String(error.stack) }));
    await fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
  }
</script>`;

/**
 * @param {string} bundle The path of a module that puts functions on the page's `globalThis`.
 * @returns {Promise<{processId: number, call(name: string, ...args: unknown[]): Promise<any>, close(): Promise<void>}>}
 *   `processId` is of the process that runs the page, which has `gc()`; `call` gives what the function of that name
 *   resolves with.
 */
export async function openPlainPage(bundle) {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-chromium-"));
  /** @type {import("node:http").ServerResponse | undefined} */
  let waiting;
  let ready = () => {};
  let settle = (_outcome) => {};
  const server = createServer(async (request, response) => {
    if (request.url === "/next") {
      waiting = response;
      ready();
    } else if (request.url === "/outcome") {
      let text = "";
      for await (const chunk of request) text += chunk;
      response.end();
      settle(JSON.parse(text));
    } else {
      const isScript = request.url === "/suite.mjs";
      response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
      response.end(isScript ? readFileSync(bundle) : PAGE);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const up = new Promise((resolve) => {
    ready = resolve;
  });
  const url = `http://127.0.0.1:${server.address().port}/`;
  const args = ["--headless=new", "--js-flags=--expose-gc", ...FLAGS, `--user-data-dir=${folder}`, url];
  const browser = spawn(CHROMIUM, args, { stdio: "ignore" });
  const ended = once(browser, "exit");
  const close = async () => {
    browser.kill();
    await ended;
    server.close();
    server.closeAllConnections();
    // Its other processes write to the folder until they notice.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };

  async function call(name, ...given) {
    const outcome = new Promise((resolve) => {
      settle = resolve;
    });
    await inTime(
      new Promise((resolve) => {
        if (waiting !== undefined) resolve();
        else ready = resolve;
      }),
      START_TIMEOUT,
    );
    const response = waiting;
    waiting = undefined;
    response.end(JSON.stringify({ name, args: given }));
    const { value, error } = await inTime(outcome, CALL_TIMEOUT);
    if (error !== undefined) throw new Error(`${name} in the page: ${error}`);
    return value;
  }

  try {
    await inTime(up, START_TIMEOUT);
    return { processId: busiestRenderer(folder), call, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of the browser whose profile this is, the renderer that has worked most. */
function busiestRenderer(folder) {
  const renderers = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => /--type=renderer/.test(procFile(pid, "cmdline")) && procFile(pid, "cmdline").includes(folder));
  if (renderers.length === 0) throw new Error("no process of the page was found");
  return Number(renderers.reduce((most, pid) => (ticksOf(pid) > ticksOf(most) ? pid : most)));
}

/** utime and stime of proc_pid_stat(5). The name before them may hold anything but ends with the last parenthesis. */
function ticksOf(pid) {
  const stat = procFile(pid, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function procFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

async function inTime(promise, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the page does not answer")), milliseconds);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A page of a bundle in Chromium, served from loopback. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { launchChromium } from "./chromium.mjs";

/**
 * @param {string} bundle The path of the module that the page runs.
 * @returns {Promise<{page: import("playwright-core").Page, processId: number, uncaught: string[], close(): Promise<void>}>}
 *   `processId` is of the process that runs the page; `uncaught` are errors that nobody caught.
 */
export async function openPage(bundle) {
  const server = createServer((request, response) => {
    const isScript = request.url === "/suite.mjs";
    response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? readFileSync(bundle) : "<!doctype html><title>Pierhead</title>");
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await browser.newPage();
    const uncaught = [];
    page.on("pageerror", (error) => uncaught.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.addScriptTag({ url: "/suite.mjs", type: "module" });
    return { page, processId: await rendererOf(browser), uncaught, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Chromium keeps a renderer in reserve; the one that ran a script has used the most of the processor. */
async function rendererOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.reduce((most, one) => (one.cpuTime > most.cpuTime ? one : most)).id;
}

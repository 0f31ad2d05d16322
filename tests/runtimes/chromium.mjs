/** Runs the suite in a page of the Chromium that the machine has, served from loopback. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { launchChromium } from "../support/chromium.mjs";

/**
 * @param {string} bundle
 * @param {import("./case.ts").Facts} facts
 * @returns {Promise<import("./case.ts").Result[]>}
 */
export async function runInChromium(bundle, facts) {
  const server = createServer((request, response) => {
    const isScript = request.url === "/suite.mjs";
    response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? readFileSync(bundle) : "<!doctype html><title>Pierhead</title>");
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const uncaught = [];
    page.on("pageerror", (error) => uncaught.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.addScriptTag({ url: "/suite.mjs", type: "module" });
    const results = await page.evaluate((given) => globalThis.runSuite(given), facts);
    if (uncaught.length > 0) throw new Error(`uncaught in the page: ${uncaught.join("; ")}`);
    return results;
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs the suite in a page of the Chromium that the machine has. */
import { openPage } from "../support/page.mjs";

/**
 * @param {string} bundle
 * @param {import("./case.ts").Facts} facts
 * @returns {Promise<import("./case.ts").Result[]>}
 */
export async function runInChromium(bundle, facts) {
  const { page, uncaught, close } = await openPage(bundle);
  try {
    const results = await page.evaluate((given) => globalThis.runSuite(given), facts);
    if (uncaught.length > 0) throw new Error(`uncaught in the page: ${uncaught.join("; ")}`);
    return results;
  } finally {
    await close();
  }
}

/**
 * `node scripts/screenshot-validator.mjs [--dark] [FILE]`: makes the README's picture of the page in `examples/validator`,
 * 1200 pixels wide.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launchChromium } from "../tests/support/chromium.mjs";
import { withoutFilters } from "./lib/png.mjs";
import { root } from "./lib/project.mjs";
import { serveValidator } from "./lib/validator.mjs";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { dark: { type: "boolean" } } });
const [path = join(root, "docs", "validator.png")] = positionals;

const [site, browser] = await Promise.all([serveValidator(), launchChromium()]);
try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 800 },
    colorScheme: values.dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  await page.goto(site.url);
  await page.selectOption("#sample", { label: "A manifest with mistakes" });
  await page.locator(".finding").nth(2).click();
  await page.locator("#verdict[aria-busy=false]").waitFor();
  await page.mouse.move(0, 0);
  writeFileSync(path, withoutFilters(await page.screenshot()));
} finally {
  await browser.close();
  await site.close();
}

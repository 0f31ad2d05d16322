/** The Chromium that the machine has, for tests and figures. */
import { chromium } from "playwright-core";

/** No sandbox, because CI runs as root; the rest keeps the browser from talking to anyone else. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The program. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** @returns {Promise<import("playwright-core").Browser>} */
export function launchChromium() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

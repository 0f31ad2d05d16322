/** The page of `examples/validator` in Chromium, built and served as its users have it. */
import assert from "node:assert/strict";
import { serveValidator } from "../../scripts/lib/validator.mjs";
import { check, conclude } from "../start/count.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { checkAccess } from "./access.mjs";
import { checkInputs } from "./inputs.mjs";
import { startOrigin } from "./origin.mjs";
import { Visits } from "./page.mjs";
import { checkSafety } from "./safety.mjs";
import { checkTyping } from "./typing.mjs";
import { checkWorker } from "./worker.mjs";

const [site, origin, browser] = await Promise.all([serveValidator(), startOrigin(), launchChromium()]);
const visits = new Visits(browser, site.url);

const parts = {
  typing: checkTyping,
  inputs: checkInputs,
  safety: checkSafety,
  worker: checkWorker,
  access: checkAccess,
};
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await part(visits, origin);
  await check(`${name}: no request but what the user asked for, and nothing in the console`, async () => {
    assert.deepEqual(await visits.leave(), []);
  });
}

await browser.close();
await origin.close();
await site.close();
conclude();

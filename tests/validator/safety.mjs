/** That a hostile document stays text, and that what is checked stays in the page. */
import assert from "node:assert/strict";
import { check } from "../start/count.mjs";
import { descriptor, manifest, text } from "./documents.mjs";

const HOSTILE =
  '"><img src=x onerror="globalThis.owned=1"><script>globalThis.owned=1</script><style>*{display:none}</style>';

/** Where the sections are that rules come from. */
const SPECIFICATIONS = [
  "https://github.com/opencontainers/",
  "https://www.rfc-editor.org/rfc/",
  "https://distribution.github.io/distribution/",
];

export async function checkSafety(visits, origin) {
  const validator = await visits.visit();
  const { page } = validator;

  await check("HTML in keys, values, media types and file names stays text", async () => {
    const hostile = manifest({
      [HOSTILE]: HOSTILE,
      artifactType: HOSTILE,
      annotations: { [HOSTILE]: 1 },
      layers: [descriptor({ mediaType: HOSTILE, urls: [HOSTILE, "javascript:globalThis.owned=1"] })],
    });
    const elements = () =>
      page.evaluate(() => document.querySelectorAll("img, script, style, iframe, object, svg").length);
    const before = await elements();
    await validator.drop(`${HOSTILE}.json`, text(hostile));
    const { findings } = await validator.headline("Invalid image manifest");
    assert.ok(findings.length >= 2, findings.join());
    await page.fill("#media-type", HOSTILE);
    await validator.verdict();
    await page.fill("#media-type", "");
    await validator.verdict();
    await page.locator(".finding").first().click();
    await page.locator(".cm-lintRange-error").first().hover();
    await page.locator(".cm-tooltip").waitFor();
    assert.equal(await page.evaluate(() => globalThis.owned), undefined);
    assert.equal(await elements(), before);
    const injected = await page
      .locator("#editor")
      .evaluate(({ shadowRoot }) => shadowRoot.querySelectorAll("script, iframe, img[src=x]").length);
    assert.equal(injected, 0);
    const pointers = await page.locator(".pointer").allTextContents();
    assert.ok(
      pointers.some((pointer) => pointer.includes("<img src=x")),
      `shown as it is written: ${pointers}`,
    );
  });

  await check("links lead to the specifications alone, and tell them nothing", async () => {
    const links = await page
      .locator(".spec")
      .evaluateAll((all) => all.map(({ href, rel, target }) => ({ href, rel, target })));
    assert.ok(links.length > 0);
    for (const { href, rel, target } of links) {
      assert.ok(
        SPECIFICATIONS.some((start) => href.startsWith(start)),
        href,
      );
      assert.deepEqual([rel, target], ["noopener noreferrer", "_blank"]);
    }
  });

  await check("the policy refuses every connection to the page, and to the worker that checks", async () => {
    const [url, before] = [`${origin.url}/plain`, origin.requests.length];
    const connect = (target) =>
      fetch(target).then(
        () => "fetched",
        () => "refused",
      );
    assert.equal(await page.evaluate(connect, url), "refused");
    assert.equal(await validator.worker().evaluate(connect, url), "refused");
    const image = (target) =>
      new Promise((resolve) => {
        const probe = new Image();
        probe.onload = () => resolve("loaded");
        probe.onerror = () => resolve("refused");
        probe.src = target;
      });
    assert.equal(await page.evaluate(image, url), "refused");
    await page.evaluate((target) => navigator.sendBeacon(target, "secret"), url);
    // What needs no answer would still have to arrive.
    await page.waitForTimeout(500);
    assert.equal(origin.requests.length, before);
    assert.ok(validator.takeFaults().length >= 3, "the browser says so in the console");
    validator.requests = validator.requests.filter((request) => request !== url);
  });

  await check("nothing of a document outlives the page", async () => {
    const kept = await page.evaluate(async () => [
      localStorage.length,
      sessionStorage.length,
      document.cookie,
      location.hash,
      (await indexedDB.databases()).length,
      (await caches.keys()).length,
    ]);
    assert.deepEqual(kept, [0, 0, "", "", 0, 0]);
  });
}

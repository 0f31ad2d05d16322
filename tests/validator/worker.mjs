/** That the page never waits for its worker, and survives it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { check } from "../start/count.mjs";
import { descriptor, largeManifest, manifest, text } from "./documents.mjs";

/** The longest that the page may stand still for a document of some megabytes, in milliseconds: no feeling, a fault. */
const LONGEST_PAUSE = 3_000;

const MIB = 1024 * 1024;
const overLines = (document) => JSON.stringify(JSON.parse(document), undefined, 1);

/** In a task of the worker's own: one of the debugger's could not be ended. */
const HANG = "void setTimeout(() => { while (true); })";
const BUSY = "void setTimeout(() => { const end = Date.now() + 2000; while (Date.now() < end); })";

const INDEX = text({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] });

export async function checkWorker(visits) {
  const validator = await visits.visit();
  const { page } = validator;

  for (const { name, large, headline } of [
    { name: "in one line", large: largeManifest(4 * MIB), headline: "Valid image manifest" },
    { name: "over many lines", large: overLines(largeManifest(3 * MIB)), headline: "Valid image manifest" },
    { name: "broken at its end", large: `${largeManifest(4 * MIB)},`, headline: "Invalid document of unknown kind" },
  ]) {
    await check(
      `a document of 4 MiB ${name} leaves the page alive while it is loaded, checked and edited`,
      async () => {
        await validator.paste("{}", "main");
        await validator.headline("Invalid document");
        await startTicking(page);
        await validator.drop(`${name}.json`, large);
        await page.locator("#origin", { hasText: name }).waitFor();
        const verdict = await validator.headline(headline);
        assert.equal(verdict.size, `${Buffer.byteLength(large).toLocaleString("en")} bytes`);
        assert.equal(verdict.digest, `sha256:${createHash("sha256").update(large).digest("hex")}`);
        await page.locator(".cm-content").focus();
        await page.keyboard.press("Control+End");
        await page.keyboard.insertText(" ");
        assert.equal((await validator.verdict()).size, `${(Buffer.byteLength(large) + 1).toLocaleString("en")} bytes`);
        const { ticks, longest } = await stopTicking(page);
        console.error(`    the longest pause was ${Math.round(longest)} ms, between ${ticks} ticks`);
        assert.ok(ticks > 5 && longest < LONGEST_PAUSE, `${longest} ms`);
      },
    );
  }

  await check("a thousand findings in one line of megabytes are marked at their places", async () => {
    const large = largeManifest(2 * MIB).replaceAll('"size":1', '"size":"1"');
    await startTicking(page);
    await validator.drop("faulty.json", large);
    const { counts } = await validator.headline("Invalid image manifest");
    assert.match(counts, /^1,00\d errors/);
    await page.locator(".finding").nth(50).click();
    assert.equal(await validator.selection(), '"1"');
    const { longest } = await stopTicking(page);
    console.error(`    the longest pause was ${Math.round(longest)} ms`);
    assert.ok(longest < LONGEST_PAUSE, `${longest} ms`);
  });

  await check("only the newest text's verdict is shown, even if an older one is under way", async () => {
    await validator.type(text(manifest()));
    await page.evaluate(() => {
      globalThis.told = [];
      const headline = document.querySelector("#headline");
      new MutationObserver(() => globalThis.told.push(headline.textContent)).observe(headline, { childList: true });
    });
    await validator.worker().evaluate(BUSY);
    await validator.paste('{"imageLayoutVersion": "1.0.0"}', "main");
    // Asked, and not answered yet.
    await page.waitForTimeout(500);
    assert.equal(await page.getAttribute("#verdict", "aria-busy"), "true");
    await validator.paste(JSON.stringify(descriptor()), "main");
    await validator.paste(INDEX, "main");
    await validator.headline("Valid image index");
    await page.waitForTimeout(500);
    assert.deepEqual(await page.evaluate(() => globalThis.told), ["Valid image index"]);
  });

  await check("a worker that hangs is ended, and the page goes on with another", async () => {
    await validator.type(text(manifest()));
    const hung = validator.worker();
    const ended = hung.waitForEvent("close", { timeout: 30_000 });
    await hung.evaluate(HANG);
    await startTicking(page);
    await page.locator(".cm-content").focus();
    await page.keyboard.insertText(" ");
    await validator.headline("Not checked");
    assert.match(await page.textContent("#counts"), /more than 10 seconds/);
    const { longest } = await stopTicking(page);
    assert.ok(longest < LONGEST_PAUSE, `${longest} ms`);
    assert.equal((await validator.type(text(manifest()))).headline, "Valid image manifest");
    await ended;
    assert.deepEqual(page.workers(), [validator.worker()]);
  });

  await check("a newer text is checked after one whose answer will not come", async () => {
    await validator.worker().evaluate(HANG);
    await validator.paste("{", "main");
    await page.waitForTimeout(300);
    await validator.paste('{"imageLayoutVersion": "1.0.0"}', "main");
    await validator.headline("Valid image layout");
  });

  await check("a worker that fails by itself is replaced", async () => {
    const faulty = validator.worker();
    const ended = faulty.waitForEvent("close", { timeout: 15_000 });
    await faulty.evaluate("void setTimeout(() => { throw new Error('a fault of the worker'); })");
    await ended;
    assert.equal((await validator.type(text(manifest()))).headline, "Valid image manifest");
  });

  await check("a worker whose core traps says so, and is replaced", async () => {
    const faulty = validator.worker();
    const ended = faulty.waitForEvent("close", { timeout: 15_000 });
    // What the core is given passes through this.
    await faulty.evaluate("Uint8Array.prototype.set = () => { throw new WebAssembly.RuntimeError('unreachable'); }");
    assert.equal((await validator.type("{}")).headline, "Not checked");
    await ended;
    assert.equal((await validator.type(text(manifest()))).headline, "Valid image manifest");
  });
}

/** Counts timer ticks in the page, and the longest time between two. */
async function startTicking(page) {
  await page.evaluate(() => {
    const ticking = { ticks: 0, longest: 0, last: performance.now() };
    ticking.timer = setInterval(() => {
      const now = performance.now();
      ticking.longest = Math.max(ticking.longest, now - ticking.last);
      ticking.last = now;
      ticking.ticks += 1;
    }, 10);
    globalThis.ticking = ticking;
  });
}

async function stopTicking(page) {
  return await page.evaluate(() => {
    const { timer, ticks, longest, last } = globalThis.ticking;
    clearInterval(timer);
    return { ticks, longest: Math.max(longest, performance.now() - last) };
  });
}

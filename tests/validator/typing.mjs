/** What a user sees while a document is typed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { check } from "../start/count.mjs";
import { descriptor, manifest, text } from "./documents.mjs";

export async function checkTyping(visits) {
  const validator = await visits.visit();
  const { page } = validator;

  await check("a valid manifest is found to be one, with its digest and size", async () => {
    const typed = text(manifest({ annotations: { "com.example.title": "Hafen ⚓ 🛳" } }));
    const verdict = await validator.type(typed);
    assert.equal(verdict.headline, "Valid image manifest");
    assert.equal(verdict.counts, "No findings");
    assert.equal(verdict.digest, `sha256:${createHash("sha256").update(typed).digest("hex")}`);
    assert.equal(verdict.size, `${Buffer.byteLength(typed)} bytes`);
    assert.equal(verdict.mediaType, "application/vnd.oci.image.manifest.v1+json");
    assert.deepEqual(verdict.findings, []);
    assert.deepEqual(await validator.marked("error"), []);
  });

  await check("a finding stands at its line and column, and is marked there", async () => {
    const verdict = await validator.type(
      '{\n  "schemaVersion": 2,\n  "mediaType": "application/vnd.oci.image.index.v1+json",\n  "manifests": "none"\n}',
    );
    assert.equal(verdict.headline, "Invalid image index");
    assert.equal(verdict.counts, "1 error");
    assert.deepEqual(verdict.findings, ["4:16 error index.property.type"]);
    assert.deepEqual(await validator.marked("error"), ['"none"']);
    assert.equal(await page.locator(".cm-lint-marker-error").count(), 1, "one mark in the gutter");
  });

  await check("the fix takes the finding away, as one types", async () => {
    await page.locator(".finding").click();
    await page.keyboard.insertText("[]");
    const verdict = await validator.headline("Valid image index");
    assert.deepEqual(
      verdict.findings.filter((finding) => finding.includes(" error ")),
      [],
    );
    assert.deepEqual(await validator.marked("error"), []);
  });

  await check("columns count characters, also behind emoji", async () => {
    const line = `{"🛳🛳⚓é": "👩‍🚀", "schemaVersion": "two", "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}`;
    const verdict = await validator.type(`\n${line}`);
    const column = [...line.slice(0, line.indexOf('"two"'))].length + 1;
    const finding = verdict.findings.find((found) => found.startsWith(`2:${column} error`));
    assert.ok(finding, `nothing at 2:${column}, but ${verdict.findings}`);
    assert.deepEqual(await validator.marked("error"), ['"two"']);
  });

  await check("a chosen finding is selected in the text, and the cursor's place is the finding's", async () => {
    await page.locator(".finding").first().click();
    assert.equal(await validator.selection(), '"two"');
    const [place] = (await validator.verdict()).findings[0].split(" ");
    const [line, column] = place.split(":").map(Number);
    assert.equal(await page.textContent("#cursor"), `${line}:${column + '"two"'.length}`);
    assert.equal(await page.locator(".finding").first().getAttribute("aria-current"), "true");
  });

  await check("a finding that an edit has moved is found where it is now", async () => {
    // The page's clock stands, so that no new verdict replaces what the edit has moved.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText("\n\n   ");
    await page.locator(".finding").first().click();
    assert.equal(await validator.selection(), '"two"');
    await page.clock.resume();
    assert.match((await validator.verdict()).findings[0], /^4:/);
  });

  await check("text that is no JSON is a finding too, at its place", async () => {
    const verdict = await validator.type('{\n  "schemaVersion": 2,,\n}');
    assert.match(verdict.findings[0], /^2:22 error json\./);
  });

  await check("the profile decides, and needs no edit", async () => {
    const blake3 = `blake3:${"a".repeat(64)}`;
    await validator.type(text(manifest({ layers: [descriptor({ digest: blake3 })] })));
    const under = {};
    for (const profile of ["1.1", "dev", "schema"]) {
      await page.selectOption("#profile", profile);
      under[profile] = (await validator.verdict()).findings;
    }
    assert.notDeepEqual(under["1.1"], under.dev);
    await page.selectOption("#profile", "1.1");
    assert.deepEqual((await validator.verdict()).findings, under["1.1"]);
  });

  await check("the media type says what the text must be", async () => {
    await validator.type(text(manifest()));
    await page.fill("#media-type", "application/vnd.oci.image.index.v1+json");
    assert.match((await validator.verdict()).findings.join(), /ambiguity/);
    await page.fill("#media-type", "");
    assert.equal((await validator.verdict()).headline, "Valid image manifest");
  });

  await check("more findings than fit are listed a hundred at a time", async () => {
    const layers = Array.from({ length: 150 }, () => descriptor({ size: "1" }));
    assert.equal((await validator.type(text(manifest({ layers })))).findings.length, 100);
    await page.click("#more");
    const { findings, counts } = await validator.verdict();
    assert.equal(findings.length, 150);
    assert.equal(counts, "150 errors");
    assert.equal(await page.isVisible("#more"), false);
  });

  await check("an empty text has no verdict", async () => {
    assert.equal((await validator.type("")).headline, "Nothing to check yet");
    assert.equal(await page.isVisible("#facts"), false);
  });
}

/** The ways for a document to come into the page. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { check } from "../start/count.mjs";
import { manifest, text } from "./documents.mjs";
import { otherDigest, served, servedDigest } from "./origin.mjs";

const sha256 = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export async function checkInputs(visits, origin) {
  const validator = await visits.visit();
  const { page } = validator;
  validator.asked.push(origin.url);

  await check("a dropped file is checked, and replaces what was there", async () => {
    await validator.type("{}");
    await validator.drop("manifest.json", text(manifest()));
    const verdict = await validator.headline("Valid image manifest");
    assert.equal(verdict.digest, sha256(text(manifest())));
    assert.equal(await page.textContent("#origin"), "manifest.json");
    assert.equal(await page.isVisible("#drop"), false);
  });

  await check("a chosen file is checked byte by byte: a byte order mark and carriage returns count", async () => {
    const bytes = Buffer.from(`\ufeff${text(manifest()).replaceAll("\n", "\r\n")}\r\n`);
    await page.setInputFiles("#file", { name: "windows.json", mimeType: "application/json", buffer: bytes });
    const verdict = await validator.headline("Invalid");
    assert.equal(verdict.digest, sha256(bytes));
    assert.match(verdict.findings[0], /^1:1 error json\./);
    await page.keyboard.press("Control+Home");
  });

  await check("an edit of such a file keeps its carriage returns", async () => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Delete");
    const verdict = await validator.headline("Valid image manifest");
    assert.equal(verdict.digest, sha256(`${text(manifest()).replaceAll("\n", "\r\n")}\r\n`));
    assert.equal(await page.textContent("#origin"), "windows.json, edited");
  });

  await check("bytes that are no UTF-8 are checked as they are, and shown with a word", async () => {
    const bytes = Buffer.concat([Buffer.from('{\n  "é": "'), Buffer.from([0xff, 0xfe]), Buffer.from('"\n}')]);
    await validator.drop("broken.json", bytes);
    await validator.notice("Not valid UTF-8");
    const verdict = await validator.verdict();
    assert.equal(verdict.digest, sha256(bytes));
    assert.equal(verdict.size, `${bytes.length} bytes`);
    assert.match(verdict.findings[0], /^2:9 error json\./);
    await page.selectOption("#profile", "dev");
    assert.equal((await validator.verdict()).digest, sha256(bytes), "other options, the same bytes");
    await page.selectOption("#profile", "1.1");
  });

  await check("an edit makes another document of it: that of the text shown", async () => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText(" ");
    const verdict = await validator.verdict();
    assert.equal(verdict.digest, sha256('{\n  "é": "\ufffd\ufffd"\n} '));
    assert.equal(await page.isVisible("#notice"), false);
  });

  await check("a file beyond the limit is not read", async () => {
    await validator.drop("vast.json", Buffer.alloc(8 * 1024 * 1024 + 1, " "));
    await validator.notice("vast.json has 8,388,609 bytes. A document has 8 MiB at most.");
    assert.notEqual(await page.textContent("#origin"), "vast.json");
  });

  await check("a text can be pasted into the editor, and anywhere outside of fields", async () => {
    await validator.type("");
    await validator.paste(text(manifest()));
    await validator.headline("Valid image manifest");
    await validator.paste('{"imageLayoutVersion": "1.0.0"}', "main");
    assert.equal((await validator.headline("Valid image layout")).size, "31 bytes");
    await validator.paste("https://example.com/", "#url");
    assert.equal((await validator.verdict()).size, "31 bytes");
  });

  await check("what was replaced can be had back", async () => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+z");
    assert.equal((await validator.headline("Valid image manifest")).digest, sha256(text(manifest())));
  });

  await check("every example is checked, and only the mistaken are invalid", async () => {
    const names = (await page.locator("#sample option").allTextContents()).slice(1);
    assert.ok(names.length >= 4);
    for (const name of names) {
      await page.selectOption("#sample", { label: name });
      const { headline } = await validator.verdict();
      assert.match(headline, /mistake|too/.test(name) ? /^Invalid/ : /^Valid/, name);
      assert.equal(await page.textContent("#origin"), name);
    }
  });

  await check("a document is fetched when the user asks, with its media type and digest", async () => {
    assert.deepEqual(origin.requests, [], "nothing was requested before");
    await validator.fetch(`${origin.url}/v2/app/manifests/1.0`);
    const verdict = await validator.headline("Valid image manifest");
    assert.equal(verdict.digest, servedDigest);
    assert.match(verdict.known, /^yes: /);
    assert.equal(await page.inputValue("#media-type"), "application/vnd.oci.image.manifest.v1+json");
    assert.equal(origin.requests.length, 1);
    const seen = validator.requests.filter((url) => url.startsWith(origin.url));
    assert.equal(seen.length, 1, "what a worker requests is on record too");
    const [{ headers }] = origin.requests;
    assert.match(headers.accept, /^application\/vnd\.oci\.image\.index\.v1\+json, /);
    assert.equal(headers.referer, undefined);
    assert.equal(headers.cookie, undefined);
    assert.equal(validator.page.workers().length, 1, "the worker that fetched is gone");
  });

  await check("bytes that do not have the digest in their URL are not what was asked for", async () => {
    await validator.fetch(`${origin.url}/v2/app/manifests/${servedDigest}`);
    await page.locator("#expected", { hasText: "yes: " }).waitFor();
    await validator.fetch(`${origin.url}/v2/app/manifests/${otherDigest}`);
    await page.locator("#expected", { hasText: `no: ${otherDigest} was asked for` }).waitFor();
    const verdict = await validator.verdict();
    assert.equal(await page.getAttribute("#summary", "data-state"), "bad");
    assert.equal(verdict.counts, "Not what was asked for · No findings");
    assert.equal(verdict.digest, servedDigest);
  });

  await check("the media type that a server claims is held against the bytes", async () => {
    await validator.fetch(`${origin.url}/index-type`);
    assert.match((await validator.headline("Invalid")).findings.join(), /ambiguity/);
    await validator.fetch(`${origin.url}/redirect`);
    await validator.headline("Valid image manifest");
    assert.equal(await page.inputValue("#media-type"), "");
    assert.equal(await page.textContent("#origin"), `${origin.url}/plain`);
  });

  for (const [path, words] of Object.entries({
    "/missing": "The server answered 404.",
    "/without-cors": "cannot be reached, or does not let other pages read it",
    "/endless": "more than 8 MiB",
  })) {
    await check(`a fetch that fails says why, and leaves the document alone: ${path}`, async () => {
      await validator.type(served);
      await validator.fetch(`${origin.url}${path}`);
      await validator.notice(words);
      assert.equal((await validator.verdict()).digest, servedDigest);
      assert.equal(await page.textContent("#fetch-button"), "Fetch");
      // The browser itself reports what a fetch came to.
      validator.takeFaults();
    });
  }

  await check("a fetch that does not end can be given up", async () => {
    await validator.fetch(`${origin.url}/silent`);
    await validator.notice("Fetching from 127.0.0.1");
    assert.equal(await page.textContent("#fetch-button"), "Cancel");
    await page.click("#fetch-button");
    assert.equal(await page.textContent("#fetch-button"), "Fetch");
    assert.equal(await page.isVisible("#notice"), false);
    assert.equal(page.workers().length, 1);
  });

  await check("a URL with credentials is not fetched", async () => {
    const before = origin.requests.length;
    await validator.fetch(origin.url.replace("//", "//user:secret@"));
    await validator.notice("An address with credentials is not fetched.");
    assert.equal(origin.requests.length, before);
  });

  await check("only http and https can be fetched", async () => {
    for (const url of ["file:///etc/hostname", "data:application/json,{}", "javascript:alert(1)"]) {
      await validator.fetch(url);
      await validator.notice("Only http and https can be fetched.");
    }
  });
}

/** The validator's page as its user handles it, and a record of all that it did. */
import assert from "node:assert/strict";

/** What opens a page, in a context of its own. */
export class Visits {
  #browser;
  #url;
  #open = [];

  constructor(browser, url) {
    this.#browser = browser;
    this.#url = url;
  }

  /** @param {import("playwright-core").BrowserContextOptions} [options] */
  async visit(options = {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    const page = await context.newPage();
    const validator = new Validator(page, this.#url);
    this.#open.push({ context, validator });
    await page.goto(this.#url);
    await page.locator("#editor .cm-content").waitFor();
    return validator;
  }

  /** Ends every visit, and returns what they did that no page should: see {@link Validator.trespasses}. */
  async leave() {
    const trespasses = [];
    for (const { context, validator } of this.#open.splice(0)) {
      trespasses.push(...validator.trespasses());
      await context.close();
    }
    return trespasses;
  }
}

export class Validator {
  /** Origins that the user asked for. */
  asked = [];
  /** Every URL that was requested, by the page or a worker. */
  requests = [];
  #faults = [];
  #site;

  constructor(page, url) {
    this.page = page;
    this.#site = url;
    page.context().on("request", (request) => this.requests.push(request.url()));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#faults.push(message.text());
    });
    page.on("pageerror", (error) => this.#faults.push(error.message));
  }

  /** Requests that nobody asked for, and all that reached the console. Faults that a check provokes, it takes away itself. */
  trespasses() {
    const allowed = [this.#site, "blob:", "data:", ...this.asked];
    const strangers = this.requests.filter((url) => !allowed.some((start) => url.startsWith(start)));
    return [...strangers, ...this.#faults];
  }

  /** What reached the console so far, which is no trespass any more. */
  takeFaults() {
    return this.#faults.splice(0);
  }

  /** Types a text over all that is there. */
  async type(text) {
    await this.page.locator(".cm-content").focus();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.insertText(text);
    return await this.verdict();
  }

  /** Pastes a text at `selector`. */
  async paste(text, selector = ".cm-content") {
    await this.page.locator(selector).evaluate((target, given) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", given);
      const options = { clipboardData, bubbles: true, cancelable: true, composed: true };
      target.dispatchEvent(new ClipboardEvent("paste", options));
    }, text);
  }

  /** Drops a file in the middle of the editor. */
  async drop(name, bytes) {
    const input = await this.page.evaluateHandle(() =>
      Object.assign(document.createElement("input"), { type: "file" }),
    );
    await input.setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
    await input.evaluate(({ files }) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(files[0]);
      const target = document.querySelector("#editor").shadowRoot.querySelector(".cm-content");
      for (const type of ["dragenter", "dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, composed: true }));
      }
    });
  }

  /** Asks for a URL by the form. */
  async fetch(url) {
    await this.page.fill("#url", url);
    await this.page.click("#fetch-button");
  }

  /** What is shown once the page has come to rest. */
  async verdict(timeout = 15_000) {
    const rested = () => document.querySelector("#verdict").ariaBusy !== "true";
    // Reading a file and fetching take a moment before the page knows of anything to check.
    await this.page.waitForFunction(rested, undefined, { timeout });
    return await this.page.evaluate(() => {
      const text = (root, selector) => root.querySelector(selector)?.textContent ?? null;
      return {
        headline: text(document, "#headline"),
        counts: text(document, "#counts"),
        digest: text(document, "#digest"),
        size: text(document, "#size"),
        mediaType: text(document, "#found-type"),
        known: document.querySelector("#match").hidden ? null : text(document, "#expected"),
        findings: [...document.querySelectorAll(".issue")].map(
          (item) => `${text(item, ".place")} ${text(item, ".grade")} ${text(item, ".rule")}`,
        ),
      };
    });
  }

  /** Waits until the verdict is of what came last, such as a file. */
  async headline(expected) {
    await this.page.locator("#headline", { hasText: expected }).waitFor({ timeout: 15_000 });
    return await this.verdict();
  }

  /** The notice above the editor, once it says this. */
  async notice(expected) {
    await this.page.locator("#notice", { hasText: expected }).waitFor({ timeout: 15_000 });
  }

  /** The text that is selected in the editor. */
  async selection() {
    return await this.page.evaluate(() => {
      const { shadowRoot } = document.querySelector("#editor");
      return (shadowRoot.getSelection?.() ?? getSelection()).toString();
    });
  }

  /** The texts that are marked in the editor. */
  async marked(severity) {
    return await this.page.locator(`.cm-lintRange-${severity}`).allTextContents();
  }

  /** The worker that was started last. */
  worker() {
    const worker = this.page.workers().at(-1);
    assert.ok(worker, "the page has no worker");
    return worker;
  }
}

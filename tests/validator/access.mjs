/** That the page can be used without a mouse, without seeing it, and on a small screen. */
import assert from "node:assert/strict";
import { check } from "../start/count.mjs";
import { descriptor, manifest, text } from "./documents.mjs";

const FAULTY = text(
  manifest({ layers: [descriptor({ size: "1" }), descriptor({ size: "2" }), descriptor({ size: "3" })] }),
);

export async function checkAccess(visits) {
  const validator = await visits.visit();
  const { page } = validator;
  await validator.type(FAULTY);

  await check("every control has a name, and every name is said once", async () => {
    const names = await page.evaluate(() => {
      const controls = [...document.querySelectorAll("button, select, input:not([type=file]), a[href]")].filter(
        (control) => !control.closest("[hidden]"),
      );
      return controls.map((control) => {
        const label = control.labels?.[0]?.textContent ?? control.getAttribute("aria-label") ?? "";
        return (label || (control.matches("button, a") ? control.textContent : "")).replace(/\s+/g, " ").trim();
      });
    });
    assert.ok(names.length > 8 && names.every((name) => name !== ""), names.join("|"));
  });

  await check("landmarks, headings and live regions are where a screen reader looks for them", async () => {
    const found = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      title: document.title,
      main: document.querySelectorAll("main").length,
      headings: [...document.querySelectorAll("h1, h2, h3")].map(({ tagName }) => tagName).join(),
      live: [...document.querySelectorAll("[role=status]")].map(({ id }) => id).join(),
      ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
      references: [...document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for], [list]")].map(
        (item) =>
          item.getAttribute("aria-labelledby") ??
          item.getAttribute("aria-describedby") ??
          item.getAttribute("for") ??
          item.getAttribute("list"),
      ),
    }));
    assert.equal(found.lang, "en");
    assert.match(found.title, /validator/);
    assert.equal(found.main, 1);
    assert.equal(found.headings, "H1,H2,H2,H3");
    assert.equal(found.live, "notice,summary");
    assert.equal(new Set(found.ids).size, found.ids.length, "no id twice");
    for (const id of found.references) assert.ok(found.ids.includes(id), `#${id} does not exist`);
    const editor = page.locator(".cm-content");
    assert.deepEqual(
      [await editor.getAttribute("role"), await editor.getAttribute("aria-label")],
      ["textbox", "Document"],
    );
  });

  await check("Tab goes from control to control, through the editor, and to the findings in one stop", async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.locator("#open").focus();
    const stops = [];
    for (let stop = 0; stop < 10; stop += 1) {
      stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
      await page.keyboard.press("Tab");
    }
    const wanted = [
      "open",
      "sample",
      "url",
      "fetch-button",
      "editor",
      "profile",
      "media-type",
      "copy",
      "finding",
      "spec",
    ];
    assert.deepEqual(stops, wanted);
  });

  await check("arrow keys go through the findings, and Enter into the text", async () => {
    await page.locator(".finding").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    assert.equal(await validator.selection(), '"2"');
    assert.equal(await page.evaluate(() => document.activeElement.id), "editor");
  });

  await check("F8 goes to the next finding, Shift+F8 to the one before", async () => {
    await page.keyboard.press("F8");
    assert.equal(await validator.selection(), '"3"');
    await page.keyboard.press("Shift+F8");
    assert.equal(await validator.selection(), '"2"');
  });

  await check("the digest can be copied", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#copy");
    await page.locator("#copy", { hasText: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), (await validator.verdict()).digest);
  });

  for (const colorScheme of ["light", "dark"]) {
    await check(`text stands out from what is behind it, in ${colorScheme}`, async () => {
      const { page: shown, ...rest } = await open(visits, { colorScheme });
      assert.ok(rest);
      const faint = await shown.evaluate(contrasts);
      assert.deepEqual(faint, []);
    });
  }

  await check("nothing is cut off on a small screen", async () => {
    const { page: small } = await open(visits, { viewport: { width: 360, height: 700 } });
    const width = await small.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `the page is ${width} pixels wide`);
  });
}

async function open(visits, options) {
  const validator = await visits.visit(options);
  await validator.type(FAULTY);
  return validator;
}

/** Runs in the page: the texts whose contrast is below 4.5 (WCAG 2.2, success criterion 1.4.3). */
function contrasts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parent = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host;
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = parent(at)) layers.unshift(getComputedStyle(at).backgroundColor);
    return layers;
  };
  const roots = [document, document.querySelector("#editor").shadowRoot];
  const faint = [];
  for (const node of roots.flatMap((root) => [...root.querySelectorAll("*")])) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
    if (
      !own ||
      node.closest("svg, [hidden], .unseen, script, style, title, option, datalist") ||
      !node.checkVisibility()
    )
      continue;
    const layers = behind(node);
    const [front, back] = [paint([...layers, getComputedStyle(node).color]), paint(layers)].map(luminance);
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5)
      faint.push(`${node.className || node.tagName} "${node.textContent.slice(0, 30)}": ${ratio.toFixed(2)}`);
  }
  return faint;
}

import { StoreError } from "../../errors.js";

/** An element of a document: its children, and the text in it. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

const MAX_DEPTH = 16;

const TOKEN =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/gy;

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads what S3 answers: elements, text, the five named entities and characters by number. Attributes say nothing that is asked for;
 * declarations, CDATA and whatever else XML has is refused, as is what does not nest.
 */
export function parseXml(text: string): Element {
  type Open = { name: string; children: Element[]; text: string };
  const top: Open = { name: "", children: [], text: "" };
  const open: Open[] = [top];
  let at = 0;
  for (const [token, slash, name, , empty] of text.replace(/^\ufeff/, "").matchAll(TOKEN)) {
    at += token.length;
    const inner = open.at(-1) as Open;
    if (name === undefined) {
      if (token[0] !== "<") inner.text += unescaped(token);
    } else if (slash) {
      if (open.length === 1 || inner.name !== name) throw bad("an element ends that was not begun");
      open.pop();
    } else {
      const element: Open = { name, children: [], text: "" };
      inner.children.push(element);
      if (!empty) open.push(element);
      if (open.length > MAX_DEPTH) throw bad("too deep");
    }
  }
  const [root, ...others] = top.children;
  if (
    at !== text.replace(/^\ufeff/, "").length ||
    open.length > 1 ||
    root === undefined ||
    others.length > 0 ||
    top.text.trim() !== ""
  ) {
    throw bad("it is not XML as S3 writes it");
  }
  return root;
}

/** The text of a child; `undefined` if there is none. */
export function textOf(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

function unescaped(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, entity: string) => {
    const [, hex, digits] = /^#(x?)([0-9a-fA-F]+)$/.exec(entity) ?? [];
    const code = digits === undefined ? Number.NaN : Number.parseInt(digits, hex ? 16 : 10);
    const character = NAMED[entity] ?? (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined);
    if (character === undefined || !whole.endsWith(";")) throw bad("an entity that nobody knows");
    return character;
  });
}

function bad(why: string): StoreError {
  return new StoreError("STORE_UNAVAILABLE", `S3 answered with XML that cannot be read: ${why}`);
}

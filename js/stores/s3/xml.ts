/** An element of a document: its children, and the text in it. */
export interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

const TOKEN =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w:.-]*)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|[^<]+/gy;

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads what S3 answers: elements, text, the five named entities and characters by number. Attributes say nothing that is asked for;
 * declarations, CDATA and whatever else XML has is refused, as is what does not nest.
 *
 * @throws SyntaxError RangeError
 */
export function parseXml(text: string): Element {
  const top = element("");
  const open = [top];
  const rest = text.replace(TOKEN, (token, slash?: string, name?: string, empty?: string) => {
    const inner = open.at(-1) as Element;
    if (slash) {
      if (open.pop()?.name !== name) throw new SyntaxError("it does not nest");
    } else if (name) {
      const begun = element(name);
      inner.children.push(begun);
      if (!empty) open.push(begun);
    } else if (token[0] !== "<") inner.text += unescaped(token);
    return "";
  });
  const [root] = top.children;
  if (root && top.children.length === 1 && open.length === 1 && (rest + top.text).trim() === "") return root;
  throw new SyntaxError("no single element");
}

/** The text of a child, without any if there is none. */
export function textOf(element: Element, name: string): string {
  return element.children.find((child) => child.name === name)?.text ?? "";
}

function element(name: string): Element {
  return { name, children: [], text: "" };
}

/** Throws a RangeError where an ampersand begins nothing that is known. */
function unescaped(text: string): string {
  return text.replace(
    /&(?:#(x?[0-9a-f]+);|(amp|lt|gt|quot|apos);)?/gi,
    (_, number?: string, name?: string) => NAMED[name ?? ""] ?? String.fromCodePoint(Number(`0${number}`) || -1),
  );
}

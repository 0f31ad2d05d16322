/** A member of an object, or an element of an array, in a text of JSON; in UTF-16 code units from its start. */
export interface Part {
  /** Where the member's key begins, or the element. */
  readonly start: number;
  /** Where the value begins; that is where an element begins. */
  readonly value: number;
  readonly end: number;
}

/**
 * The parts of the object or array that opens at a place of a text. The text must be one that the strict reader has
 * accepted: nothing is checked here. With their places, one part can be changed and every other byte be left as it is.
 */
export function partsAt(text: string, open: number): Part[] {
  const found: Part[] = [];
  let part: { start: number; value: number; end: number } | undefined;
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (/\s/.test(char)) continue;
    const closes = char === "]" || char === "}";
    if (depth === 1 && (closes || char === ",")) {
      if (part !== undefined) found.push(part);
      part = undefined;
      if (closes) break;
      continue;
    }
    if (depth === 1 && char === ":" && part !== undefined) {
      part.value = -1;
      continue;
    }
    if (depth > 0) part ??= { start: at, value: at, end: at };
    if (part !== undefined && part.value < 0) part.value = at;
    if (char === '"') at = closingQuote(text, at);
    else if (char === "{" || char === "[") depth += 1;
    else if (closes) depth -= 1;
    if (part !== undefined) part.end = at + 1;
  }
  return found;
}

/** The member of this name, of the object that opens at a place of a text. */
export function memberAt(text: string, open: number, name: string): Part | undefined {
  return partsAt(text, open).find(
    // Keys may be written with escapes.
    ({ start }) => JSON.parse(text.slice(start, closingQuote(text, start) + 1)) === name,
  );
}

/** The text without a member of the object that opens at a place of it. */
export function withoutMember(text: string, open: number, name: string): string {
  const parts = partsAt(text, open);
  const member = memberAt(text, open, name);
  const index = parts.findIndex(({ start }) => start === member?.start);
  const [before, here, after] = [parts[index - 1], parts[index], parts[index + 1]];
  if (here === undefined) return text;
  // With the comma that stood between it and its neighbour.
  const start = before === undefined || after !== undefined ? here.start : before.end;
  return text.slice(0, start) + text.slice(after?.start ?? here.end);
}

function closingQuote(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at;
}

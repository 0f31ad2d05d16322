/** Counts of what a JSON text and the value read from it hold: a reader that drops a member without a word shows there. */

/** A key with its colon. In text that is JSON, a string before a colon is a key, and nothing else looks like one. */
const MEMBER = /"(?:[^"\\]|\\.)*"[ \t\r\n]*:|"(?:[^"\\]|\\.)*"/gs;

/** How many members the objects of a JSON text have in all, one that stands twice counted twice. */
export function membersIn(text: string): number {
  return text.match(MEMBER)?.filter((token) => token.endsWith(":")).length ?? 0;
}

/** How many members the objects of a value have in all. */
export function membersOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value);
  return inside.reduce((sum: number, each) => sum + membersOf(each), Array.isArray(value) ? 0 : inside.length);
}

/** From places as reports give them to places in the editor. */
import type { Text } from "@codemirror/state";

/** Lines and columns count from 1, columns in characters (Unicode scalar values). */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** No mark is longer, in UTF-16 code units: a string may have megabytes. */
const LONGEST_SPAN = 200;

/**
 * What stands at each of the places, in UTF-16 code units. One pass, whatever the order: a thousand findings may share a
 * line of megabytes. A place that the document does not have becomes the nearest one before it.
 */
export function spansAt(document: Text, places: readonly Place[]): Span[] {
  const order = places.map((_, index) => index);
  const at = (index: number): Place => places[index] ?? { line: 1, column: 1 };
  order.sort((a, b) => at(a).line - at(b).line || at(a).column - at(b).column);
  const spans: Span[] = places.map(() => ({ from: 0, to: 0 }));
  let line = document.line(1);
  let column = 1;
  let unit = 0;
  for (const index of order) {
    const place = at(index);
    if (place.line > line.number) {
      line = document.line(Math.min(place.line, document.lines));
      column = 1;
      unit = 0;
    }
    while (column < place.column && unit < line.text.length) {
      unit += isPair(line.text, unit) ? 2 : 1;
      column += 1;
    }
    spans[index] = { from: line.from + unit, to: line.from + tokenEnd(line.text, unit) };
  }
  return spans;
}

/** The place of a position in the editor. */
export function placeOf(document: Text, position: number): Place {
  const line = document.lineAt(position);
  let column = 1;
  for (let unit = 0; unit < position - line.from; unit += isPair(line.text, unit) ? 2 : 1) column += 1;
  return { line: line.number, column };
}

// Two surrogates that belong together are one character.
function isPair(text: string, unit: number): boolean {
  return (text.codePointAt(unit) ?? 0) > 0xffff;
}

/** Where the JSON token at `start` ends: a string with its quotes, a number or word, else one character. */
function tokenEnd(text: string, start: number): number {
  const token = /^(?:"(?:[^"\\]|\\.)*"?|[\w.+-]+|.)/su.exec(text.slice(start, start + LONGEST_SPAN));
  const end = start + (token?.[0].length ?? 0);
  return end > start && isPair(text, end - 1) ? end - 1 : end;
}

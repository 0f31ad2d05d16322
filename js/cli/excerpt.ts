import { eastAsianWidth } from "get-east-asian-width";
import { printable } from "./output.js";

const NEWLINE = 0x0a;

/** A line of a document, cut to a width, and the column under which a mark points at the place. */
export interface Excerpt {
  readonly text: string;
  /** Columns before the mark. */
  readonly indent: number;
}

/** A line that was looked for. */
interface Line {
  readonly line: number;
  /** Bytes before it. */
  readonly start: number;
  readonly text: string;
  /** How far into the text it has been counted. */
  characters: number;
  index: number;
}

/** The lines of a document, to be shown to a person: printable, and no wider than the terminal. */
export class Excerpts {
  readonly #bytes: Uint8Array;
  /** The line that was shown last, where it starts, and how far it has been counted: findings come in the order of their places. */
  #last: Line = { line: 0, start: 0, text: "", characters: 0, index: 0 };

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * What stands around a place, `width` columns wide at most.
   *
   * @param line from 1
   * @param column in characters (Unicode scalar values), from 1
   */
  at(line: number, column: number, width: number): Excerpt {
    const { text, index } = this.#find(line, column - 1);
    // A line may be megabytes long; no more of it than could be shown is looked at.
    const first = boundary(text, Math.max(0, index - width));
    const last = boundary(text, Math.min(text.length, index + width));
    const before = shown(text.slice(first, index));
    const after = shown(text.slice(index, last));
    const head =
      first > 0 || columns(before) > width * 0.6 ? `…${ending(before, Math.floor(width * 0.4) - 1)}` : before;
    const indent = columns(head);
    const room = width - indent;
    const rest = last < text.length || columns(after) > room ? `${beginning(after, room - 1)}…` : after;
    return { text: head + rest, indent };
  }

  /**
   * The column after the string, number, word or bracket that stands at a place, in characters; that of the place itself at the
   * end of a line.
   */
  endOfToken(line: number, column: number): number {
    const { text, index } = this.#find(line, column - 1);
    const end = tokenEnd(text, index);
    let characters = 0;
    for (let at = index; at < end; characters += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    return column + characters;
  }

  #find(line: number, characters: number): { text: string; index: number } {
    if (this.#last.line !== line) this.#last = this.#line(line);
    else if (this.#last.characters > characters) this.#last = { ...this.#last, characters: 0, index: 0 };
    const last = this.#last;
    for (; last.characters < characters && last.index < last.text.length; last.characters += 1) {
      last.index += (last.text.codePointAt(last.index) ?? 0) > 0xffff ? 2 : 1;
    }
    return last;
  }

  /** A line, sought from the last one on: from the start of the document, a thousand findings would take a minute. */
  #line(line: number): Line {
    const known = this.#last.line > 0 && this.#last.line < line;
    let { line: passed, start } = known ? this.#last : { line: 1, start: 0 };
    for (; passed < line; passed += 1) {
      const end = this.#bytes.indexOf(NEWLINE, start);
      start = end < 0 ? this.#bytes.byteLength : end + 1;
    }
    return { line, start, text: decodedLine(this.#bytes, start), characters: 0, index: 0 };
  }
}

function decodedLine(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(NEWLINE, start);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const text = decoder.decode(bytes.subarray(start, end < 0 ? undefined : end));
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** Where a JSON token ends; what is none is one character, or as many as belong to no other token. */
function tokenEnd(text: string, start: number): number {
  if (text[start] === '"') {
    let index = start + 1;
    // An escape takes the character after it along.
    while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
    return Math.min(index + 1, text.length);
  }
  const bare = /[^\s"[\]{}:,]*/y;
  bare.lastIndex = start;
  bare.test(text);
  return Math.max(bare.lastIndex, Math.min(start + 1, text.length));
}

/** The index, or the one before it where a character would be cut in two. */
function boundary(text: string, index: number): number {
  return index > 0 && (text.codePointAt(index - 1) ?? 0) > 0xffff ? index - 1 : index;
}

function shown(text: string): string {
  return printable(text.replaceAll("\t", "  "));
}

/** The end of a text, so many columns wide at most. */
function ending(text: string, width: number): string {
  return [...beginning([...text].reverse().join(""), width)].reverse().join("");
}

/** The beginning of a text, so many columns wide at most. */
function beginning(text: string, width: number): string {
  let used = 0;
  let result = "";
  for (const character of text) {
    used += columns(character);
    if (used > width) break;
    result += character;
  }
  return result;
}

const COMBINING = /\p{M}/u;

/** The columns that printable text takes on a terminal (UAX #11). */
function columns(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!COMBINING.test(character)) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return width;
}

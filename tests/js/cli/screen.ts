/** A terminal as a person sees it: what stands on it after all that was written. */
import { stripVTControlCharacters } from "node:util";

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals obey
const SEQUENCE = /\u001b\[([\d;?]*)([A-Za-z])|[\s\S]/gu;

/** A terminal that obeys what the command line writes: lines, movements up, erasures, and colours. */
export class Screen {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** All that was written. */
  written = "";
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  hasColors(): boolean {
    return true;
  }

  write(text: string): boolean {
    this.written += text;
    for (const [token, count, action] of text.matchAll(SEQUENCE)) this.#take(token, count, action);
    return true;
  }

  /** The lines down to the last one with anything on it, also those that have scrolled away. */
  get lines(): string[] {
    return this.#lines.join("\n").trimEnd().split("\n");
  }

  /** Where the cursor stands, from 0. */
  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  #take(token: string, count = "", action?: string): void {
    if (action === "m") return;
    if (action === "A") this.#row = Math.max(this.#row - Number(count || 1), this.#top);
    else if (action === "J") this.#erase();
    else if (action !== undefined) throw new Error(`a sequence that nobody expected: ${JSON.stringify(token)}`);
    else if (token === "\r") this.#column = 0;
    else if (token === "\n") this.#newline();
    else this.#put(token);
  }

  /** The first line that has not scrolled away. */
  get #top(): number {
    return Math.max(this.#lines.length - this.rows, 0);
  }

  #erase(): void {
    this.#lines = [...this.#lines.slice(0, this.#row), (this.#lines[this.#row] ?? "").slice(0, this.#column)];
  }

  #newline(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push("");
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#newline();
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }
}

/** What a real terminal has got, as it shows it. */
export function shown(written: string, columns: number, rows?: number): string[] {
  const screen = new Screen(columns, rows);
  screen.write(written);
  return screen.lines.map(stripVTControlCharacters);
}

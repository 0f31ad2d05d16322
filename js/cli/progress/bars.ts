import { counted, humanSize, type Output, printable, type Terminal } from "../output.js";
import { settledLine } from "./lines.js";
import type { PartProgress, Progress, SettledPart } from "./progress.js";
import { Rate } from "./rate.js";

/** Milliseconds between two looks; a person sees no more. */
const INTERVAL = 100;

/** Columns of a digest, and of a rate. */
const NAME = "sha256:0123456789ab".length;
const RATE = "1023.9 MiB/s".length;
/** Columns of an amount: as much of as much. */
const AMOUNT = "1023.9 MiB / 1023.9 MiB".length;
/** A bar of fewer columns says nothing. */
const NARROWEST_BAR = 8;
const WIDEST_BAR = 40;

interface Part {
  readonly digest: string;
  bytes: number;
  total: number | undefined;
  readonly rate: Rate;
}

/**
 * A bar for each part that is on its way, and a sum of all, at the foot of a terminal; a part that is settled leaves a line
 * above them. The sum counts what has been heard of.
 */
export class Bars implements Progress {
  readonly #output: Output;
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Map<string, Part>();
  readonly #settled = { parts: 0, bytes: 0 };
  readonly #rate = new Rate();
  /** Bytes that came, of parts that are settled; what was there already took no time. */
  #moved = 0;

  constructor(output: Output, terminal: Terminal) {
    this.#output = output;
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#draw(), INTERVAL);
    this.#timer.unref();
  }

  update({ digest, bytes, total }: PartProgress): void {
    const part = this.#running.get(digest) ?? { digest, bytes, total, rate: new Rate() };
    part.bytes = bytes;
    part.total = total ?? part.total;
    this.#running.set(digest, part);
  }

  settle(part: SettledPart): void {
    this.#running.delete(part.digest);
    this.#settled.parts += 1;
    this.#settled.bytes += part.size;
    if (part.outcome === "done") this.#moved += part.size;
    this.#output.note(settledLine(part).slice(0, this.#terminal.columns()));
  }

  end(): void {
    clearInterval(this.#timer);
    this.#output.foot([]);
  }

  #draw(): void {
    const now = Date.now();
    const parts = [...this.#running.values()];
    for (const part of parts) part.rate.add(now, part.bytes);
    this.#rate.add(now, this.#moved + sum(parts, ({ bytes }) => bytes));
    // The sum, and a line to spare: a terminal that scrolls would leave what can no longer be reached.
    const room = Math.max(this.#terminal.rows() - 2, 1);
    const shown = parts.slice(0, parts.length > room ? room - 1 : room);
    this.#output.foot([
      ...shown.map((part) => this.#bar(part)),
      ...(shown.length < parts.length
        ? [`${this.#terminal.unicode ? "…" : "..."} and ${parts.length - shown.length} more`]
        : []),
      this.#sum(parts),
    ]);
  }

  #bar({ digest, bytes, total, rate }: Part): string {
    const columns = this.#terminal.columns();
    const name = printable(digest).slice(0, NAME).padEnd(NAME);
    const amount = [bytes, ...(total === undefined ? [] : [total])].map(humanSize).join(" / ").padStart(AMOUNT);
    const text = `${name} ${amount} ${rateText(rate).padStart(RATE)}`;
    const room = Math.min(columns - text.length - 1, WIDEST_BAR);
    if (room < NARROWEST_BAR) return text.slice(0, columns);
    return `${name} ${this.#filled(total ? bytes / total : 0, room)}${text.slice(NAME)}`;
  }

  #filled(share: number, columns: number): string {
    const { unicode } = this.#terminal;
    const full = Math.floor(Math.min(Math.max(share, 0), 1) * columns);
    const done = (unicode ? "█" : "#").repeat(full);
    const rest = (unicode ? "░" : "-").repeat(columns - full);
    return this.#terminal.mark("good", done) + this.#terminal.mark("faint", rest);
  }

  #sum(parts: readonly Part[]): string {
    const count = this.#settled.parts + parts.length;
    const bytes = this.#settled.bytes + sum(parts, (part) => part.bytes);
    const total = this.#settled.bytes + sum(parts, (part) => part.total ?? part.bytes);
    const words = [
      `${this.#settled.parts} of ${counted(count, "part")}`,
      `${humanSize(bytes)} of ${humanSize(total)}`,
      rateText(this.#rate),
    ];
    const text = words.filter((word) => word !== "").join(", ");
    return text.slice(0, this.#terminal.columns());
  }
}

function rateText({ value }: Rate): string {
  return value === undefined ? "" : `${humanSize(Math.round(value))}/s`;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

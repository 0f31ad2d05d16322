import { getSystemErrorMap, stripVTControlCharacters, styleText } from "node:util";
import { OciError, RegistryError, TransferError } from "../entry/index.js";

/** How the CLI ended. */
export const Exit = {
  /** All is well. */
  ok: 0,
  /** Something that was read is not what it has to be. */
  failed: 1,
  /** The command could not be carried out: wrong arguments, or what it needs could not be read. */
  trouble: 2,
  /** The reader of the output went away: 128 + SIGPIPE, as of a program that the signal ended. */
  brokenPipe: 141,
  /** What a signal's number is added to where it ended the command: 130 of Ctrl-C. */
  signal: 128,
} as const;

/** The meaning of a piece of text, which a terminal shows by its colour. */
export type Meaning = "good" | "bad" | "warning" | "strong" | "faint";

const FORMATS = {
  good: "green",
  bad: "red",
  warning: "yellow",
  strong: "bold",
  faint: "dim",
} as const;

/** A failure that says all in its message: there is nothing to explain behind it. */
export class CliError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
  }
}

/** A terminal whose lines can be written again. */
export interface Terminal {
  /** Columns that a line may take. */
  columns(): number;
  /** Lines that show at a time. */
  rows(): number;
  /** Whether it shows more than ASCII. */
  readonly unicode: boolean;
  /** The text in the colour of its meaning. */
  mark(meaning: Meaning, text: string): string;
}

/**
 * Where the CLI writes: what was asked for on stdout, and how it goes on stderr. What comes from outside goes through
 * {@link printable} before it comes here.
 */
export class Output {
  /** The terminal that stderr is, if it is one. */
  readonly terminal: Terminal | undefined;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #coloured: boolean;
  readonly #warnings = new Set<string>();
  /** The lines that stand below all else on the terminal. */
  #foot: readonly string[] = [];

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#coloured = isColoured(stdout);
    this.terminal = terminalOf(stderr);
  }

  /** The width of the terminal in columns; 120 where the output goes elsewhere. */
  get width(): number {
    return this.#stdout.isTTY === true ? Math.max(this.#stdout.columns, 40) : 120;
  }

  /** Writes a line of the result. */
  line(text = ""): void {
    this.#write(this.#stdout, `${text}\n`);
  }

  /** Whether a person reads stdout. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Writes bytes of the result, and waits until they are gone. */
  async bytes(chunk: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Writes a line on stderr that says what went wrong. */
  problem(message: string): void {
    this.note(`pierhead: ${oneLine(message)}`);
  }

  /** Writes a line on stderr that says what somebody should know, once. */
  warn(message: string): void {
    const text = oneLine(message);
    if (this.#warnings.has(text)) return;
    this.#warnings.add(text);
    this.note(`pierhead: warning: ${text}`);
  }

  /** Writes a line on stderr. */
  note(text: string): void {
    this.#write(this.#stderr, `${text}\n`);
  }

  /** Lets these lines, none wider than the terminal, stand below all that is written, in place of those that stood there. */
  foot(lines: readonly string[]): void {
    const erased = this.#erasure();
    this.#foot = lines;
    if (erased !== "" || lines.length > 0) this.#stderr.write(erased + this.#footText());
  }

  /** The text in the colour of its meaning, on a terminal. */
  mark(meaning: Meaning, text: string): string {
    return this.#coloured ? styled(meaning, text) : text;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (stream === this.#stderr) {
      stream.write(this.#erasure() + text + this.#footText());
    } else if (this.#foot.length === 0 || stream.isTTY !== true) {
      stream.write(text);
    } else {
      this.#stderr.write(this.#erasure());
      stream.write(text);
      this.#stderr.write(this.#footText());
    }
  }

  #footText(): string {
    return this.#foot.map((line) => `${line}\n`).join("");
  }

  /** What takes the foot away, and leaves the cursor where it began. */
  #erasure(): string {
    const columns = Math.max(this.#stderr.columns ?? 0, 1);
    // On a terminal that was made narrower meanwhile, a line takes several.
    const rows = this.#foot.map((line) => Math.max(Math.ceil(stripVTControlCharacters(line).length / columns), 1));
    const height = rows.reduce((sum, count) => sum + count, 0);
    return height === 0 ? "" : `\r\u001b[${height}A\u001b[J`;
  }
}

/** `hasColors` minds NO_COLOR and TERM, but FORCE_COLOR too, which must not colour a file. */
function isColoured(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR } = process.env;
  return stream.isTTY === true && !NO_COLOR && stream.hasColors();
}

function styled(meaning: Meaning, text: string): string {
  // Node would look at stdout, whichever stream this is for.
  return styleText(FORMATS[meaning], text, { validateStream: false });
}

function terminalOf(stream: NodeJS.WriteStream): Terminal | undefined {
  const { TERM, WT_SESSION, LC_ALL, LC_CTYPE, LANG } = process.env;
  const windows = process.platform === "win32";
  if (stream.isTTY !== true || (!windows && (!TERM || TERM === "dumb"))) return undefined;
  const coloured = isColoured(stream);
  return {
    // Some terminals go to the next line after the last column.
    columns: () => Math.max((stream.columns ?? 80) - 1, 1),
    rows: () => stream.rows ?? 24,
    unicode: windows ? WT_SESSION !== undefined : /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || ""),
    mark: (meaning, text) => (coloured ? styled(meaning, text) : text),
  };
}

// Controls of C0 and C1, marks that reorder or hide text, line separators, and halves of surrogate pairs. A terminal
// obeys some of them, and a reader is deceived by others (https://www.unicode.org/reports/tr36/).
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from outside, made safe for a terminal: what is not printable shows as JSON would escape it. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A value as one line of JSON which is safe for a terminal too. */
export function jsonLine(value: unknown): string {
  // JSON.stringify has escaped the controls of C0; what is left can only stand within strings.
  return printable(JSON.stringify(value));
}

/** A count of bytes for people, in units of 1,024. */
export function humanSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  // 1023.95 would be shown as 1024.0.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A count with its noun. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** A failure as a machine and a person read it. */
export interface Explanation {
  /** The stable code of one of our errors, or the operating system's. */
  readonly code?: string;
  /** One printable line. */
  readonly message: string;
}

/** What happened, in one line; never a stack trace. */
export function describe(error: unknown): string {
  const { code, message } = explain(error);
  return error instanceof OciError && code !== undefined ? `${code}: ${message}` : message;
}

/** What happened, with its code kept apart. */
export function explain(error: unknown): Explanation {
  // A file of this machine that cannot be read to its end is no lost connection.
  if (error instanceof TransferError && isFileError(error.cause)) return explain(error.cause);
  if (error instanceof OciError) return { code: error.code, message: explainOciError(error) };
  if (!(error instanceof Error)) return { message: oneLine(String(error)) };
  const path = isFileError(error) ? `${error.path}: ` : "";
  const message = oneLine(path + (systemMessage(error) ?? error.message));
  return "code" in error && typeof error.code === "string" ? { code: error.code, message } : { message };
}

function isFileError(error: unknown): error is Error & { path: string } {
  return error instanceof Error && "path" in error && typeof error.path === "string";
}

function explainOciError(error: OciError): string {
  const details: string[] = [];
  if ("expected" in error && "actual" in error && error.expected !== undefined) {
    const { expected, actual } = error;
    const said = [expected, actual].every((value) => error.message.includes(String(value)));
    if (!said) details.push(`expected ${String(expected)}, got ${String(actual)}`);
  }
  if (error instanceof RegistryError) {
    details.push(`status ${error.status}`);
    for (const entry of error.errors) details.push(`${entry.code}: ${entry.message}`);
  }
  if ("url" in error && typeof error.url === "string") details.push(`at ${error.url}`);
  const cause = systemCause(error);
  if (cause !== undefined) details.push(cause);
  const unsaid = details.filter((detail) => !error.message.includes(detail));
  return oneLine(unsaid.length === 0 ? error.message : `${error.message} (${unsaid.join("; ")})`);
}

/** What the operating system said, however deep below an error; or TLS, of a certificate or of what is none. */
function systemCause(error: Error): string | undefined {
  for (let cause: unknown = error.cause, depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    const message = systemMessage(cause) ?? tlsMessage(cause);
    if (message !== undefined) return message;
    cause = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  }
  return undefined;
}

function tlsMessage(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) return "no TLS is spoken there: --plain-http goes without it";
  return /CERT|ERR_TLS|VERIFY/.test(code) ? error.message : undefined;
}

function systemMessage(error: Error): string | undefined {
  if ("code" in error && error.code === "EPROTO") return undefined;
  if (!("errno" in error) || typeof error.errno !== "number") return undefined;
  return getSystemErrorMap().get(error.errno)?.[1];
}

/** Text from outside as one printable line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, " ").trim());
}

function escaped(character: string): string {
  let result = "";
  for (let index = 0; index < character.length; index += 1) {
    result += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return result;
}

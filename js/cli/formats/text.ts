import { DOCUMENT_LIMIT } from "../../document.js";
import type { Issue } from "../../entry/index.js";
import { Excerpts } from "../excerpt.js";
import { counted, humanSize, type Output, printable } from "../output.js";
import type { Checked, Tally } from "../verdict.js";
import type { Format } from "./format.js";

/** The most findings of one document that are shown to a person; JSON has them all. */
const SHOWN_ISSUES = 50;

/** For people: what each document is, each finding with its line and a mark under the place, and a sum of them all. */
export class TextFormat implements Format {
  readonly #output: Output;
  readonly #quiet: boolean;

  /** @param quiet whether to say nothing of what is valid */
  constructor(output: Output, quiet: boolean) {
    this.#output = output;
    this.#quiet = quiet;
  }

  checked({ verdict, bytes }: Checked): void {
    const { file, valid, kind, digest, issues } = verdict;
    if (valid && this.#quiet) return;
    const name = printable(file);
    const output = this.#output;
    const words = [
      output.mark("strong", `${name}:`),
      output.mark(valid ? "good" : "bad", valid ? "valid" : "invalid"),
      kindName(kind),
      // The blob of a layout, and the manifest of a registry, are named by it.
      ...(digest === null || file.endsWith(digest.slice(digest.indexOf(":") + 1)) ? [] : [digest]),
      ...(bytes === undefined ? [] : [output.mark("faint", `(${sizeOf(bytes)})`)]),
    ];
    output.line(words.join(" "));
    const excerpts = bytes && new Excerpts(bytes);
    for (const issue of issues.slice(0, SHOWN_ISSUES)) this.#issue(name, issue, excerpts);
    if (issues.length > SHOWN_ISSUES) {
      output.line(`  … and ${counted(issues.length - SHOWN_ISSUES, "more finding")}, which --json prints`);
    }
  }

  unread(): void {}

  end(tally: Tally): void {
    // What one document comes to has been said in its first line.
    if (tally.documents < 2 || (this.#quiet && tally.valid === tally.documents)) return;
    this.#output.line(this.#output.mark("strong", summary(tally)));
  }

  #issue(name: string, issue: Issue, excerpts: Excerpts | undefined): void {
    const { rule, severity, pointer, line, column, message, spec } = issue;
    const output = this.#output;
    const place = output.mark("strong", `${name}:${line}:${column}`);
    const grade = output.mark(severity === "error" ? "bad" : "warning", severity);
    output.line(`${place} ${grade} ${rule}: ${printable(message)}`);
    if (pointer !== "") output.line(`    at ${printable(pointer)}`);
    if (excerpts !== undefined) this.#excerpt(excerpts, line, column);
    output.line(`    ${output.mark("faint", printable(spec))}`);
  }

  #excerpt(excerpts: Excerpts, line: number, column: number): void {
    const output = this.#output;
    const gutter = String(line);
    const { text, indent } = excerpts.at(line, column, output.width - gutter.length - "     | ".length);
    const blank = " ".repeat(gutter.length);
    output.line(`    ${output.mark("faint", `${gutter} |`)} ${text}`);
    output.line(`    ${output.mark("faint", `${blank} |`)} ${" ".repeat(indent)}${output.mark("bad", "^")}`);
  }
}

function sizeOf({ byteLength }: Uint8Array): string {
  return byteLength > DOCUMENT_LIMIT ? `over ${humanSize(DOCUMENT_LIMIT)}` : humanSize(byteLength);
}

/** `image-manifest` as people write it. */
function kindName(kind: string): string {
  return kind === "unknown" ? "document of unknown kind" : kind.replaceAll("-", " ");
}

function summary({ documents, valid, invalid, unread, errors, warnings }: Tally): string {
  const words = [
    `${counted(documents, "document")}: ${valid} valid`,
    `${invalid} invalid`,
    ...(unread > 0 ? [`${unread} not read`] : []),
    counted(errors, "error"),
    counted(warnings, "warning"),
  ];
  return words.join(", ");
}

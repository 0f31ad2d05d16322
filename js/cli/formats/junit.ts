import type { Issue } from "../../entry/index.js";
import { counted, type Output, printable } from "../output.js";
import { type Checked, counts, type Tally, type Verdict } from "../verdict.js";
import type { Format } from "./format.js";

/**
 * JUnit's XML: one suite, with a case for each document, which fails if the document is not valid. Its warnings are what the
 * case had to say. As the numbers come first there, the cases are kept until all are known.
 */
export class JunitFormat implements Format {
  readonly #output: Output;
  readonly #cases: string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  checked({ verdict }: Checked): void {
    const { file, valid, kind, issues } = verdict;
    const findings = escaped(issues.map((issue) => line(file, issue)).join("\n"));
    const content = valid
      ? element("system-out", {}, findings)
      : element("failure", { type: firstError(verdict), message: countsOf(issues) }, findings);
    this.#case(file, kind, issues.length === 0 ? "" : content);
  }

  unread(name: string, problem: string): void {
    this.#case(name, "unknown", element("error", { type: "unread", message: problem }, ""));
  }

  end({ documents, invalid, unread }: Tally): void {
    const numbers = `tests="${documents}" failures="${invalid}" errors="${unread}"`;
    this.#output.line('<?xml version="1.0" encoding="UTF-8"?>');
    this.#output.line(`<testsuites name="pierhead" ${numbers}>`);
    this.#output.line(`<testsuite name="pierhead validate" ${numbers} skipped="0">`);
    for (const text of this.#cases) this.#output.line(text);
    this.#output.line("</testsuite>");
    this.#output.line("</testsuites>");
  }

  #case(file: string, kind: string, content: string): void {
    this.#cases.push(element("testcase", { name: file, classname: `pierhead.${kind}`, file }, content));
  }
}

function firstError({ issues }: Verdict): string {
  return issues.find(({ severity }) => severity === "error")?.rule ?? "";
}

function countsOf(issues: readonly Issue[]): string {
  const { errors, warnings } = counts(issues);
  return `${counted(errors, "error")}, ${counted(warnings, "warning")}`;
}

function line(file: string, { severity, rule, pointer, line, column, message, spec }: Issue): string {
  const place = pointer === "" ? "" : ` (at ${pointer})`;
  return printable(`${file}:${line}:${column} ${severity} ${rule}: ${message}${place} ${spec}`);
}

/** An element; its content is XML. */
function element(name: string, attributes: Readonly<Record<string, string>>, content: string): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(printable(value))}"`);
  return content === "" ? `<${name}${pairs.join("")}/>` : `<${name}${pairs.join("")}>${content}</${name}>`;
}

const MARKUP: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Printable text as XML 1.0 takes it, which has no room for U+FFFE and U+FFFF ("Characters"). */
function escaped(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => MARKUP[character] ?? character)
    .replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

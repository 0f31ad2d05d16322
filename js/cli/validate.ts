import { type Command, Option } from "commander";
import { DOCUMENT_LIMIT } from "../document.js";
import { type Issue, type Report, type ValidateOptions, validate } from "../entry/index.js";
import type { Context } from "./context.js";
import { Excerpts } from "./excerpt.js";
import { checkStdinOnce, readDocument } from "./input.js";
import { counted, describe, Exit, humanSize, jsonLine, type Output, printable } from "./output.js";

/** The most findings of one file that are shown to a person; JSON has them all. */
const SHOWN_ISSUES = 50;

const EXAMPLES = `
Examples:
  $ pierhead validate manifest.json
  $ pierhead validate --json layout/index.json layout/oci-layout
  $ crane manifest alpine | pierhead validate --media-type application/vnd.oci.image.index.v1+json -

Exit status: 0 if all files are valid, 1 if one is not, 2 if one could not be read or the arguments are wrong.`;

interface Flags extends ValidateOptions {
  json?: true;
}

/** The verdict of one file. A document that is too large has no digest, because it was not read to its end. */
type Verdict = Omit<Report, "digest"> & { file: string; digest: string | null };

/** Adds `pierhead validate`. */
export function addValidate(program: Command, context: Context): void {
  program
    .command("validate")
    .summary("check OCI documents against the specifications")
    .description(
      "Checks manifests, indexes, configurations and other OCI documents, of 8 MiB at most, and says where each breaks " +
        "which rule.",
    )
    .argument("<file...>", "files to check, or - for standard input")
    .option("--json", "print one line of JSON for each file")
    .addOption(
      new Option("--profile <profile>", "the released specifications, their main, or the JSON Schema alone")
        .choices(["1.1", "dev", "schema"])
        .default("1.1"),
    )
    .option("--media-type <type>", "the media type by which the documents are known")
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], flags: Flags) => {
      context.exitCode = await validateFiles(files, flags, context);
    });
}

async function validateFiles(files: string[], flags: Flags, { output, signal }: Context): Promise<number> {
  checkStdinOnce(files);
  const { json, ...options } = flags;
  let exit: number = Exit.ok;
  for (const file of files) {
    let bytes: Uint8Array;
    try {
      bytes = await readDocument(file, signal);
    } catch (error) {
      signal.throwIfAborted();
      output.problem(describe(error));
      exit = Exit.trouble;
      continue;
    }
    const verdict = verdictOn(file, bytes, options);
    if (json) output.line(jsonLine(verdict));
    else show(verdict, bytes, output);
    if (!verdict.valid) exit = Math.max(exit, Exit.failed);
  }
  return exit;
}

function verdictOn(file: string, bytes: Uint8Array, options: ValidateOptions): Verdict {
  const { valid, kind, mediaType, digest, issues } = validate(bytes, options);
  return { file, valid, kind, mediaType, digest: bytes.byteLength > DOCUMENT_LIMIT ? null : digest, issues };
}

function show(verdict: Verdict, bytes: Uint8Array, output: Output): void {
  const { file, valid, kind, digest, issues } = verdict;
  const name = printable(file);
  const size = digest === null ? `over ${humanSize(DOCUMENT_LIMIT)}` : humanSize(bytes.byteLength);
  const words = [
    output.mark("strong", `${name}:`),
    output.mark(valid ? "good" : "bad", valid ? "valid" : "invalid"),
    kindName(kind),
    ...(digest === null ? [] : [digest]),
    output.mark("faint", `(${size})`),
  ];
  output.line(words.join(" "));
  const excerpts = new Excerpts(bytes);
  for (const issue of issues.slice(0, SHOWN_ISSUES)) showIssue(name, issue, excerpts, output);
  if (issues.length > SHOWN_ISSUES) {
    output.line(`  … and ${counted(issues.length - SHOWN_ISSUES, "more finding")}, which --json prints`);
  }
}

function showIssue(name: string, issue: Issue, excerpts: Excerpts, output: Output): void {
  const { rule, severity, pointer, line, column, message, spec } = issue;
  const place = output.mark("strong", `${name}:${line}:${column}`);
  const grade = output.mark(severity === "error" ? "bad" : "warning", severity);
  output.line(`${place} ${grade} ${rule}: ${printable(message)}`);
  if (pointer !== "") output.line(`    at ${printable(pointer)}`);
  const gutter = String(line);
  const excerpt = excerpts.at(line, column, output.width - gutter.length - "     | ".length);
  const blank = " ".repeat(gutter.length);
  output.line(`    ${output.mark("faint", `${gutter} |`)} ${excerpt.text}`);
  output.line(`    ${output.mark("faint", `${blank} |`)} ${" ".repeat(excerpt.indent)}${output.mark("bad", "^")}`);
  output.line(`    ${output.mark("faint", printable(spec))}`);
}

/** `image-manifest` as people write it. */
function kindName(kind: string): string {
  return kind === "unknown" ? "document of unknown kind" : kind.replaceAll("-", " ");
}

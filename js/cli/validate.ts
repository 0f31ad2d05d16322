import { type Command, Option } from "commander";
import { parsePlatform, rules, type ValidateOptions } from "../entry/index.js";
import { mediaType, wholeNumber } from "./arguments.js";
import type { Context } from "./context.js";
import { type DocumentOptions, documentsOf } from "./documents.js";
import { aboutName, withoutCredentials } from "./failure.js";
import type { Format } from "./formats/format.js";
import { JsonFormat } from "./formats/json.js";
import { JunitFormat } from "./formats/junit.js";
import { SarifFormat } from "./formats/sarif.js";
import { TextFormat } from "./formats/text.js";
import { checkStdinOnce } from "./input.js";
import { CliError, counted, Exit, type Output } from "./output.js";
import { addReachOptions, type ReachFlags, Registries } from "./registries.js";
import { listRules } from "./rules.js";
import { TARGET_RULE } from "./target.js";
import { type Checked, checkedDocument, Tally } from "./verdict.js";
import { version } from "./version.js";

const EXAMPLES = `${TARGET_RULE}

Examples:
  $ pierhead validate manifest.json
  $ pierhead validate ./layout
  $ pierhead validate --platform linux/arm64 ghcr.io/owner/image:tag
  $ crane manifest alpine | pierhead validate -
  $ pierhead validate --format sarif --max-warnings 0 *.json > pierhead.sarif
  $ pierhead validate --rules

Exit status: 0 if everything is valid, 1 if something is not or there are too
many warnings, 2 if something could not be read or the arguments are wrong.`;

const FORMATS = ["text", "json", "sarif", "junit"] as const;

interface Flags extends ReachFlags, Pick<ValidateOptions, "mediaType" | "profile"> {
  format?: (typeof FORMATS)[number];
  json?: true;
  quiet?: true;
  maxWarnings?: number;
  platform?: string;
  rules?: true;
}

/** Adds `pierhead validate`. */
export function addValidate(program: Command, context: Context): void {
  const command = program
    .command("validate")
    .summary("check OCI documents, layouts and images against the specifications")
    .description(
      "Checks manifests, indexes, configurations and other OCI documents, of 8 MiB at most, and says where each breaks " +
        "which rule. Of an OCI image layout or an image in a registry, it checks everything that is in it.",
    )
    .usage("[options] <file|folder|reference...>")
    .argument("[file|folder|reference...]", "documents, OCI image layouts and images, or - for standard input")
    .addOption(new Option("--format <format>", "how to report (default: text)").choices(FORMATS))
    .option("--json", "print one line of JSON for each document (--format json)")
    .option("-q, --quiet", "report errors only")
    .option("--max-warnings <number>", "fail if there are more warnings than this", wholeNumber)
    .addOption(
      new Option("--profile <profile>", "the released specification, its main branch, or the JSON Schema alone")
        .choices(["1.1", "dev", "schema"])
        .default("1.1"),
    )
    .option("--media-type <type>", "the media type by which the documents in files are known", mediaType)
    .option("--platform <platform>", "of an image or a layout, check what is for this platform only")
    .option("--rules", "list all rules, and check nothing");
  addReachOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (names: string[], flags: Flags) => {
      context.exitCode = flags.rules ? list(names, flags, context) : await check(names, flags, context);
    });
}

function list(names: readonly string[], flags: Flags, { output }: Context): number {
  const format = formatName(flags);
  if (names.length > 0) throw new CliError("--rules checks nothing, and takes no files");
  if (format !== "text" && format !== "json") throw new CliError(`--rules prints text or json, not ${format}`);
  listRules(flags.profile, format === "json", output);
  return Exit.ok;
}

async function check(names: readonly string[], flags: Flags, context: Context): Promise<number> {
  const { output, signal } = context;
  const name = formatName(flags);
  if (names.length === 0) throw new CliError("missing required argument 'file|folder|reference'");
  checkStdinOnce(names);
  const { profile, mediaType, maxWarnings = Number.POSITIVE_INFINITY, quiet = false } = flags;
  const validation = { ...(profile !== undefined && { profile }), ...(mediaType !== undefined && { mediaType }) };
  const options = {
    validation,
    platform: flags.platform === undefined ? undefined : parsePlatform(flags.platform),
    registries: new Registries(flags, context),
    signal,
  };
  const tally = await report(names, options, quiet, createFormat(name, quiet, output), output);
  if (tally.unread > 0) return Exit.trouble;
  if (tally.warnings > maxWarnings) {
    output.problem(`${counted(tally.warnings, "warning")}, more than --max-warnings allows: ${maxWarnings}`);
    return Exit.failed;
  }
  return tally.invalid > 0 ? Exit.failed : Exit.ok;
}

function formatName({ format, json }: Flags): (typeof FORMATS)[number] {
  if (json && format !== undefined && format !== "json") throw new CliError(`--json contradicts --format ${format}`);
  return json ? "json" : (format ?? "text");
}

function createFormat(name: (typeof FORMATS)[number], quiet: boolean, output: Output): Format {
  if (name === "json") return new JsonFormat(output);
  if (name === "junit") return new JunitFormat(output);
  if (name === "sarif") return new SarifFormat(output, { version: version(), rules: rules() });
  return new TextFormat(output, quiet);
}

/** Reports on everything that is named, also after something could not be read. */
async function report(
  names: readonly string[],
  options: DocumentOptions,
  quiet: boolean,
  format: Format,
  output: Output,
): Promise<Tally> {
  const tally = new Tally();
  for (const name of names) {
    try {
      for await (const document of documentsOf(name, options)) {
        const checked = checkedDocument(document);
        tally.add(checked.verdict);
        format.checked(quiet ? withoutWarnings(checked) : checked);
      }
    } catch (error) {
      options.signal.throwIfAborted();
      const shown = withoutCredentials(name, error);
      const problem = aboutName(shown, error);
      output.problem(problem);
      format.unread(shown, problem);
      tally.unread += 1;
    }
  }
  format.end(tally);
  return tally;
}

function withoutWarnings({ verdict, bytes }: Checked): Checked {
  return { verdict: { ...verdict, issues: verdict.issues.filter(({ severity }) => severity === "error") }, bytes };
}

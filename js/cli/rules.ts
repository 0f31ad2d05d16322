import { type Rule, rules, type ValidateOptions } from "../entry/index.js";
import { jsonLine, type Output } from "./output.js";

/** The rules, one line each, for people or as JSON. */
export function listRules(profile: ValidateOptions["profile"], json: boolean, output: Output): void {
  const list = rules();
  if (json) {
    for (const rule of list) output.line(jsonLine(rule));
    return;
  }
  const width = Math.max(...list.map(({ id }) => id.length));
  for (const rule of list) {
    const severity = severityOf(rule, profile);
    const grade = output.mark(severity === "error" ? "bad" : "warning", severity.padEnd("warning".length));
    output.line(`${output.mark("strong", rule.id.padEnd(width))}  ${grade}  ${rule.summary}`);
  }
}

function severityOf({ severity, schemaSeverity }: Rule, profile: ValidateOptions["profile"]): Rule["severity"] {
  return profile === "schema" ? schemaSeverity : severity;
}

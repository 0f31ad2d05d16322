/**
 * Validates image layouts in folders with all that they lead to, and single documents:
 *
 *   node examples/node/validate.mjs layout manifest.json
 *
 * Ends with status 1 where an error is found.
 */
import { readFile, stat } from "node:fs/promises";
import { validate, validateLayout } from "pierhead";
import { layoutFiles } from "pierhead/layout";

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error("usage: node validate.mjs FOLDER|FILE...");
  process.exit(2);
}

for (const path of paths) {
  try {
    if (!(await check(path))) process.exitCode = 1;
  } catch (error) {
    console.error(`validate: ${path}: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Prints what is found; whether it is valid. */
async function check(path) {
  let documents = 0;
  let valid = true;
  for await (const { name, report } of reports(path)) {
    documents += 1;
    valid &&= report.valid;
    for (const { severity, rule, line, column, message } of report.issues) {
      console.log(`${name}:${line}:${column} ${severity} ${rule}: ${message}`);
    }
  }
  console.log(`${path}: ${valid ? "valid" : "not valid"}, ${documents} read`);
  return valid;
}

/** One report for each document: of a file one, of a layout as they are reached. */
async function* reports(path) {
  if ((await stat(path)).isDirectory()) yield* validateLayout(layoutFiles(path));
  else yield { name: path, report: validate(await readFile(path)) };
}

/**
 * `node scripts/release-check.mjs [TAG] [--notes]`: whether all that states the version agrees, and the changelog tells of it;
 * with a tag, whether just that can be released. `--notes` prints the changelog's section on stdout.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, say } from "./lib/project.mjs";
import { changelogSection, releaseProblems, statedVersions } from "./lib/release.mjs";

const [tag] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
const stated = statedVersions(root);
const homepage = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).repository?.url;
const problems = releaseProblems({ stated, changelog, tag, homepage, repository: process.env.GITHUB_REPOSITORY });
for (const problem of problems) say(`✗ ${problem}`);
const [{ version }] = stated;
if (problems.length > 0) fail(`pierhead: ${tag ?? version} cannot be released`);
if (process.argv.includes("--notes")) console.log(changelogSection(changelog, version) ?? "");
say(`✓ ${version}: ${stated.length} places agree`);

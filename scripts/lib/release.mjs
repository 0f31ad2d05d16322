/** What has to agree before a version is released: the manifests of both languages, their locks, and the changelog. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/;
const UNRELEASED = "Unreleased";
const DATE = /^ \(\d{4}-\d\d-\d\d\)$/;

/** @typedef {{where: string, version: string | undefined}} Stated */

/**
 * Every place of a checkout that states the version.
 *
 * @param {string} folder
 * @returns {Stated[]}
 */
export function statedVersions(folder) {
  const read = (path) => readFileSync(join(folder, path), "utf8");
  const crate = read("Cargo.toml");
  const lock = read("Cargo.lock");
  const npm = JSON.parse(read("package-lock.json"));
  const locked = (name) => new RegExp(`^name = "${name}"\nversion = "(.+)"$`, "m").exec(lock)?.[1];
  return [
    { where: "package.json", version: JSON.parse(read("package.json")).version },
    { where: "package-lock.json", version: npm.version },
    { where: 'package-lock.json, packages[""]', version: npm.packages[""].version },
    { where: "Cargo.toml", version: crateVersion(crate) },
    { where: "Cargo.toml, pierhead-json", version: /^pierhead-json = \{ version = "=([^"]+)"/m.exec(crate)?.[1] },
    { where: "crates/json/Cargo.toml", version: crateVersion(read("crates/json/Cargo.toml")) },
    { where: "Cargo.lock, pierhead", version: locked("pierhead") },
    { where: "Cargo.lock, pierhead-json", version: locked("pierhead-json") },
  ];
}

function crateVersion(manifest) {
  return /^\[package\]\n(?:[^[\n].*\n)*?version = "([^"]+)"$/m.exec(manifest)?.[1];
}

/**
 * The text below a changelog's heading for a version, `## 1.2.3 (2026-01-31)`, or for `Unreleased`; undefined if there is none.
 *
 * @param {string} changelog
 * @param {string} title
 */
export function changelogSection(changelog, title) {
  const sections = changelog.split(/^## /m).slice(1);
  const isHeading = (line) =>
    title === UNRELEASED ? line === title : line.startsWith(`${title} (`) && DATE.test(line.slice(title.length));
  const section = sections.find((text) => isHeading(text.split("\n", 1)[0]));
  return section?.replace(/^.*\n?/, "").trim();
}

/**
 * What keeps the checkout from being released, as lines; with a tag, as that tag.
 *
 * @param {{stated: Stated[], changelog: string, tag?: string | undefined, homepage?: string | undefined, repository?: string | undefined}} release
 *   `homepage` is `package.json`'s `repository.url`; `repository` is the `owner/name` that the workflow runs in.
 * @returns {string[]}
 */
export function releaseProblems({ stated, changelog, tag, homepage, repository }) {
  const [{ version }] = stated;
  const problems = stated
    .filter((other) => other.version !== version)
    .map((other) => `${other.where} says ${other.version ?? "nothing"}, and ${stated[0].where} ${version}`);
  if (!VERSION.test(version)) problems.push(`${version} is no semantic version`);
  const unreleased = changelogSection(changelog, UNRELEASED);
  const section = changelogSection(changelog, version);
  if (tag === undefined) {
    if (!unreleased && !section) problems.push(`CHANGELOG.md says nothing under Unreleased, nor under ${version}`);
    return problems;
  }
  if (tag !== `v${version}`) problems.push(`the tag is ${tag}, and the version ${version}`);
  if (!section) problems.push(`CHANGELOG.md has no section "## ${version} (YYYY-MM-DD)" that says something`);
  if (unreleased) problems.push("CHANGELOG.md still has something under Unreleased");
  // npm refuses a provenance statement of another repository than the package names.
  if (repository !== undefined && !homepage?.endsWith(`github.com/${repository}.git`)) {
    problems.push(
      `package.json's repository.url is ${homepage ?? "missing"}, and not git+https://github.com/${repository}.git`,
    );
  }
  return problems;
}

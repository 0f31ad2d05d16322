import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/lib/project.mjs";
import { changelogSection, releaseProblems, statedVersions } from "../../scripts/lib/release.mjs";

const CHANGELOG = `# Changelog

All notable changes.

## 1.2.0 (2026-02-01)

### Added
- Something.

## 1.2.0-rc.1 (2026-01-01)
- Less.
`;
const agreed = [
  { where: "package.json", version: "1.2.0" },
  { where: "Cargo.toml", version: "1.2.0" },
];
const good = { stated: agreed, changelog: CHANGELOG, tag: "v1.2.0" };

test("a version that all state, and the changelog tells of, can be released", () => {
  expect(releaseProblems(good)).toEqual([]);
  expect(releaseProblems({ ...good, tag: undefined })).toEqual([]);
});

test("a version that one place states otherwise cannot be released, nor checked in", () => {
  const stated = [...agreed, { where: "Cargo.lock", version: "1.1.0" }, { where: "elsewhere", version: undefined }];
  const problems = ["Cargo.lock says 1.1.0, and package.json 1.2.0", "elsewhere says nothing, and package.json 1.2.0"];
  expect(releaseProblems({ ...good, stated })).toEqual(problems);
  expect(releaseProblems({ ...good, stated, tag: undefined })).toEqual(problems);
});

test("a tag of another version is refused", () => {
  expect(releaseProblems({ ...good, tag: "v1.2.1" })).toEqual(["the tag is v1.2.1, and the version 1.2.0"]);
  expect(releaseProblems({ ...good, tag: "1.2.0" })).toEqual(["the tag is 1.2.0, and the version 1.2.0"]);
});

test.each([
  ["no section", CHANGELOG.replace("## 1.2.0 ", "## 1.3.0 ")],
  ["a section without a date", CHANGELOG.replace("## 1.2.0 (2026-02-01)", "## 1.2.0")],
  ["an empty section", CHANGELOG.replace("### Added\n- Something.\n", "")],
])("a tag is refused where the changelog has %s", (_, changelog) => {
  expect(releaseProblems({ ...good, changelog })).toEqual([
    'CHANGELOG.md has no section "## 1.2.0 (YYYY-MM-DD)" that says something',
  ]);
});

test("a tag is refused while something is unreleased, and nothing else is", () => {
  const changelog = CHANGELOG.replace("## 1.2.0 ", "## Unreleased\n- More.\n\n## 1.2.0 ");
  expect(releaseProblems({ ...good, changelog })).toEqual(["CHANGELOG.md still has something under Unreleased"]);
  expect(releaseProblems({ ...good, changelog, tag: undefined })).toEqual([]);
});

test("npm's provenance needs the repository that the release comes from", () => {
  const repository = "owner/name";
  const homepage = "git+https://github.com/owner/name.git";
  expect(releaseProblems({ ...good, repository, homepage })).toEqual([]);
  expect(releaseProblems({ ...good, repository })).toHaveLength(1);
  expect(releaseProblems({ ...good, repository, homepage: "git+https://github.com/another/name.git" })).toHaveLength(1);
});

test("a section ends where the next begins", () => {
  expect(changelogSection(CHANGELOG, "1.2.0")).toBe("### Added\n- Something.");
  expect(changelogSection(CHANGELOG, "1.2.0-rc.1")).toBe("- Less.");
  expect(changelogSection(CHANGELOG, "1.2")).toBeUndefined();
  expect(changelogSection(CHANGELOG, "Unreleased")).toBeUndefined();
});

test("this checkout agrees with itself", () => {
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const stated = statedVersions(root);
  expect(stated).toHaveLength(8);
  expect(releaseProblems({ stated, changelog })).toEqual([]);
});

const workflows = join(root, ".github", "workflows");

test.each(readdirSync(workflows))("%s runs what is pinned, and scripts that there are", (name) => {
  const text = readFileSync(join(workflows, name), "utf8");
  const used = [...text.matchAll(/uses: (\S+)(.*)/g)].filter(([, action]) => !action?.startsWith("./"));
  for (const [line, action, comment] of used) {
    expect(action, line).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
    expect(comment, line).toMatch(/^ # v\d+\.\d+\.\d+$/);
  }
  for (const [, path] of text.matchAll(/(?:node |run: )((?:scripts|\.ci)\/[\w./-]+)/g)) {
    expect(readFileSync(join(root, path as string), "utf8"), path).not.toBe("");
  }
  expect(text).toMatch(/^permissions:\n {2}contents: read\n/m);
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { jsonLines, pierhead, scratch, serve, TIMEOUT } from "./run.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What a terminal obeys or hides: controls of C0 and C1, marks of direction and width, and a line separator. */
const EVIL = "\u001b[31m\u0007\u009b2J\u202e\u200b\u2028\ufeff";
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const cwd = await scratch();
await Promise.all([
  writeFile(join(cwd, "bad.json"), `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":1}`),
  // JSON has no room for the controls of C0, so this is not JSON.
  writeFile(join(cwd, `controls${EVIL}`), `["${EVIL}"]`),
  writeFile(join(cwd, `keys${EVIL}`), JSON.stringify(index({ manifests: [], annotations: { [EVIL]: 1 } }))),
  writeFile(join(cwd, `index${EVIL}`), JSON.stringify(index({ manifests: [evilDescriptor()] }))),
  mkdir(join(cwd, `folder${EVIL}`)),
]);

function index(properties: object): object {
  return { schemaVersion: 2, mediaType: INDEX, ...properties };
}

function evilDescriptor(): object {
  return {
    mediaType: MANIFEST,
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
    platform: { os: `a${EVIL}`, architecture: `b${EVIL}` },
    annotations: { "org.opencontainers.image.ref.name": `name${EVIL}` },
  };
}

/** An index whose annotations are wrong, with this text before and after them on their line. */
function wrong(before: string, after = ""): string {
  return `{"schemaVersion":2,"mediaType":"${INDEX}",\n"manifests":[],${before}"annotations":7${after}}`;
}

/** The excerpt below each finding: the line of the document, and the one that points at a place in it. */
function excerpts(stdout: string): { line: string; mark: string }[] {
  return [...stdout.matchAll(/^ {4}\d+ \| (.*)\n {4} +\| ( *\^)$/gm)].map(([, line = "", mark = ""]) => ({
    line,
    mark,
  }));
}

/** What stands in each column of a terminal. A wide character takes two, a combining one none. */
function cells(text: string): string[] {
  return [...text].flatMap((character) => {
    if (/[\u0301]/.test(character)) return [];
    return /[漢字界ガ한😀Ａ]/u.test(character) ? [character, ""] : [character];
  });
}

describe.concurrent("the mark below an excerpt", TIMEOUT, () => {
  test.each([
    ["text", '"x":"abc",'],
    ["tabs", '\t\t"x":\t"",'],
    ["Chinese characters", '"漢字":"界",'],
    ["Japanese and Korean", '"ガ":"한",'],
    ["full-width forms", '"x":"Ａ",'],
    ["half-width forms", '"x":"ｶﾅ",'],
    ["emoji", '"x":"😀😀",'],
    ["combining characters", '"x":"e\u0301e\u0301",'],
    ["characters that are shown escaped", '"x":"\u202e\u009b\u007f",'],
    ["more text than fits", `"x":"${"long ".repeat(100)}",`],
    ["more wide characters than fit", `"x":"${"界".repeat(1000)}",`],
    ["megabytes", `"x":"${"y".repeat(4_000_000)}",`],
  ])("stands under the place after %s", async (_, before) => {
    const { stdout } = await pierhead(["validate", "-"], { stdin: wrong(before) });
    const [{ line, mark } = { line: "", mark: "" }, ...others] = excerpts(stdout);
    expect(others).toEqual([]);
    expect(cells(line)[mark.length - 1]).toBe("7");
    expect(line).toContain('"annotations":7}');
  });

  test.each([40, 80, 120])("stays, with the line, within a terminal of %i columns", async (terminal) => {
    const texts = ["short", "界".repeat(70), "界".repeat(500), "\u009b".repeat(100), "x".repeat(39)];
    const documents = texts.flatMap((text) => [wrong(`"x":"${text}",`), wrong(`\t"x":"${text}",`, `,\t"y":"${text}"`)]);
    const outputs = documents.map((stdin) => pierhead(["validate", "-"], { stdin, terminal, env: { NO_COLOR: "1" } }));
    for (const { stdout } of await Promise.all(outputs)) {
      const [{ line, mark } = { line: "", mark: "" }] = excerpts(stdout);
      expect(cells(line)[mark.length - 1]).toBe("7");
      expect(cells(`    2 | ${line}`).length).toBeLessThanOrEqual(terminal);
    }
  });
});

describe.concurrent("colours", TIMEOUT, () => {
  const TERM = "xterm-256color";

  test("are on a terminal, and nothing else differs there", async () => {
    const plain = await pierhead(["validate", "bad.json"], { cwd });
    const coloured = await pierhead(["validate", "bad.json"], { cwd, terminal: 120, env: { TERM } });
    expect(coloured.stdout).toContain("\u001b[31merror\u001b[39m");
    expect(stripVTControlCharacters(coloured.stdout)).toBe(plain.stdout);
  });

  test.each<[string, Record<string, string>, number?]>([
    ["in a pipe", { TERM }],
    ["in a pipe with FORCE_COLOR", { TERM, FORCE_COLOR: "1" }],
    ["on a terminal with NO_COLOR", { TERM, NO_COLOR: "1" }, 80],
    ["on a terminal with NO_COLOR and FORCE_COLOR", { TERM, NO_COLOR: "1", FORCE_COLOR: "1" }, 80],
    ["on a terminal that has none", { TERM: "dumb" }, 80],
  ])("are not %s", async (_, env, terminal) => {
    const options = { cwd, env, ...(terminal && { terminal }) };
    for (const args of [
      ["validate", "bad.json"],
      ["inspect", "bad.json"],
    ]) {
      expect(Object.values(await pierhead(args, options)).join("")).not.toContain("\u001b");
    }
  });

  test("are never in JSON", async () => {
    const { stdout } = await pierhead(["validate", "--json", "bad.json"], { cwd, terminal: 80, env: { TERM } });
    expect(jsonLines(stdout)).toMatchObject([{ file: "bad.json", valid: false }]);
  });
});

describe.concurrent("what a terminal would obey is shown escaped", TIMEOUT, () => {
  test.each([
    ["validate, of a line", ["validate", `controls${EVIL}`]],
    ["validate, of a pointer", ["validate", `keys${EVIL}`]],
    ["validate, of a folder", ["validate", `folder${EVIL}`]],
    ["validate --json", ["validate", "--json", `keys${EVIL}`]],
    ["validate --format sarif", ["validate", "--format", "sarif", `keys${EVIL}`]],
    ["validate --format junit", ["validate", "--format", "junit", `keys${EVIL}`]],
    ["digest", ["digest", `keys${EVIL}`]],
    ["digest, of what it cannot read", ["digest", `folder${EVIL}`, `missing${EVIL}`]],
    ["inspect", ["inspect", `index${EVIL}`]],
    ["inspect, of what is no JSON", ["inspect", `controls${EVIL}`]],
    ["inspect --json", ["inspect", "--json", `index${EVIL}`]],
    ["inspect, of the platforms that there are", ["inspect", "--platform", "linux/arm64", `index${EVIL}`]],
    ["inspect, of a reference", ["inspect", `127.0.0.1:1/${EVIL}`]],
    ["an unknown command", [`validate${EVIL}`]],
    ["an unknown option", ["validate", `--${EVIL}`]],
    ["an unknown choice", ["validate", "--profile", EVIL, "bad.json"]],
    ["help", ["help", EVIL]],
  ])("by %s", async (_, args) => {
    const { stdout, stderr } = await pierhead(args, { cwd });
    expect(stdout + stderr).toMatch(/\\u(?:001b|\{1b\})/);
    expect(stdout + stderr).not.toMatch(UNSAFE);
  });

  test("although JSON gives it back as it was", async () => {
    const { stdout } = await pierhead(["inspect", "--json", `index${EVIL}`], { cwd });
    const children = [{ name: `name${EVIL}`, platform: `a${EVIL}/b${EVIL}` }];
    expect(jsonLines(stdout)).toMatchObject([{ target: `index${EVIL}`, root: { children } }]);
  });

  test("where a registry says it", async () => {
    const host = await serve((_, response) => {
      response.writeHead(404, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "NAME_UNKNOWN", message: `gone${EVIL}\n\tfor good` }] }));
    });
    const { code, stdout, stderr } = await pierhead(["inspect", `${host}/x:1`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^pierhead: .*NAME_UNKNOWN: gone.*for good.*\n$/);
    expect(stdout + stderr).not.toMatch(UNSAFE);
  });
});

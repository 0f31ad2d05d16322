import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import AjvDraft04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { rules, validate } from "../../../dist/entry/index.js";
import { jsonLines, pierhead, problem, type Result, scratch, TIMEOUT } from "./run.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
/** Names that are something else in a URI, in a message of SARIF, or in XML. */
const ODD_NAMES = ["a b.json", "100%.json", "a#b?c.json", "a:b.json", "界&<\"'>.json", "[a](b){0}.json"];
const CONTROLS = "\u0000\u001b[31m\u0085\u2028\ufffe\uffff\ud800";

const good = index();
const bad = `{"schemaVersion":2,\n "mediaType":"${INDEX}","manifests":[],\n "annotations":{"org.😀":"","org.a":"","org.a":""}}`;
const warned = index({ subject: null });

const cwd = await scratch();
const outside = await scratch();
await mkdir(join(cwd, "sub"));
await Promise.all([
  writeFile(join(cwd, "good.json"), good),
  writeFile(join(cwd, "bad.json"), bad),
  writeFile(join(cwd, "warned.json"), warned),
  writeFile(join(cwd, "sub", "bad.json"), bad),
  writeFile(join(outside, "bad.json"), bad),
  ...ODD_NAMES.map((name) => writeFile(join(cwd, name), index({ annotations: { [`org.${name}`]: 1 } }))),
]);

function index(changes: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [], ...changes });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function run(format: string, ...args: string[]): Promise<Result> {
  return pierhead(["validate", "--format", format, ...args], { cwd });
}

interface Location {
  readonly uri: string;
  readonly uriBaseId?: string;
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: Location & { readonly index: number };
        readonly region: Readonly<Record<"startLine" | "startColumn" | "endLine" | "endColumn", number>>;
      };
      readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
    },
  ];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}

interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } & Record<string, unknown> };
  readonly columnKind: string;
  readonly results: readonly SarifResult[];
  readonly artifacts: readonly { readonly location: Location; readonly hashes?: Record<string, string> }[];
  readonly invocations: readonly [{ readonly executionSuccessful: boolean }];
}

const ajv = new AjvDraft04.default({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const isSarif = ajv.compile(createRequire(import.meta.url)("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));

/** The run of a log, once it is certain that it keeps to the schema of SARIF 2.1.0. */
function sarif({ stdout }: Pick<Result, "stdout">): SarifRun {
  const log = JSON.parse(stdout);
  isSarif(log);
  expect(isSarif.errors).toBeNull();
  expect(log.runs).toHaveLength(1);
  return log.runs[0];
}

describe.concurrent("pierhead validate --format sarif", TIMEOUT, () => {
  test("is one run of a tool with all its rules, in the terms of SARIF's schema", async () => {
    const { tool, columnKind } = sarif(await run("sarif", "good.json"));
    expect(columnKind).toBe("unicodeCodePoints");
    expect(tool.driver).toMatchObject({
      name: "pierhead",
      informationUri: expect.stringMatching(/^https:/),
      semanticVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      rules: rules().map(({ id, summary, spec, severity }) => ({
        id,
        // A brace alone begins a placeholder (section 3.11.5).
        shortDescription: { text: `${summary.replace("{}", "{{}}")}.` },
        helpUri: spec,
        defaultConfiguration: { level: severity },
      })),
    });
  });

  test("has every finding with its rule, grade, place and message", async () => {
    const { tool, results } = sarif(await run("sarif", "good.json", "bad.json", "warned.json"));
    expect(results).toMatchObject([
      {
        ruleId: "json.duplicate-key",
        level: "error",
        message: { text: "no two properties of an object may have one name (at /annotations/org.a)" },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "bad.json", uriBaseId: "%SRCROOT%", index: 1 },
              // The emoji counts once.
              region: { startLine: 3, startColumn: 39, endLine: 3, endColumn: 46 },
            },
            logicalLocations: [{ fullyQualifiedName: "/annotations/org.a" }],
          },
        ],
      },
      { ruleId: "ambiguity.null", level: "warning" },
    ]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  /** What GitHub's documentation of SARIF support marks as required, which must not be empty either. */
  test("gives code scanning all that it requires", async () => {
    const { tool, results } = sarif(await run("sarif", "bad.json", "warned.json"));
    const text = { text: expect.stringMatching(/./) };
    for (const rule of tool.driver.rules) {
      expect(rule).toMatchObject({ shortDescription: text, fullDescription: text, help: text });
    }
    expect(results).not.toEqual([]);
    for (const { message, locations, partialFingerprints } of results) {
      expect(message).toEqual(text);
      expect(locations).toHaveLength(1);
      const { startLine, startColumn, endLine, endColumn } = locations[0].physicalLocation.region;
      expect([startLine, endLine - startLine]).toEqual([expect.toSatisfy((line) => line >= 1), 0]);
      expect(endColumn).toBeGreaterThanOrEqual(startColumn);
      // Its action adds `primaryLocationLineHash`, and complains of one that is not its own.
      expect(Object.keys(partialFingerprints)).toEqual(["pierhead/v1"]);
    }
  });

  test.each([
    ["nothing at all", "", 1, 1],
    ["the end of a line", '{"a":\n', 1, 1],
    ["a string", `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":"a\\"b"}`, 86, 92],
    ["a number", `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":-1.5e3}`, 86, 92],
    ["a word", `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":true}`, 86, 90],
    ["an object", `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":{}}`, 86, 87],
    ["what is cut off", '{"a":"b', 8, 8],
    ["a character that has no place there", '{"a":😀}', 6, 7],
  ])("ends the region of %s after its token", async (_, stdin, startColumn, endColumn) => {
    const { results } = sarif(await pierhead(["validate", "--format", "sarif", "-"], { stdin }));
    const [{ locations } = { locations: undefined }] = results;
    expect(locations?.[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: "-" },
      region: { startColumn, endColumn },
    });
  });

  test("names files by relative URIs, and those of other folders by absolute ones", async () => {
    const there = join(outside, "bad.json");
    const names = ["./bad.json", "sub/bad.json", join(cwd, "sub", "bad.json"), there];
    const { results, artifacts } = sarif(await run("sarif", ...names));
    const uriBaseId = "%SRCROOT%";
    const expected = [
      { uri: "bad.json", uriBaseId },
      { uri: "sub/bad.json", uriBaseId },
      { uri: "sub/bad.json", uriBaseId },
      { uri: pathToFileURL(there).href },
    ];
    expect(results.map(({ locations }) => locations[0].physicalLocation.artifactLocation)).toEqual(
      expected.map((location, at) => ({ ...location, index: [0, 1, 1, 2][at] })),
    );
    // Each file once, however often it is named.
    expect(artifacts.map(({ location }) => location)).toEqual([expected[0], expected[1], expected[3]]);
  });

  test("encodes what would be something else in a URI, and lets no document write a link", async () => {
    const { results } = sarif(await run("sarif", ...ODD_NAMES));
    expect(results.map(({ locations }) => locations[0].physicalLocation.artifactLocation.uri)).toEqual(
      ODD_NAMES.map((name) => encodeURIComponent(name)),
    );
    const last = results.at(-1);
    expect(last?.locations[0].logicalLocations).toEqual([{ fullyQualifiedName: "/annotations/org.[a](b){0}.json" }]);
    expect(last?.message.text).toMatch(/\(at \/annotations\/org\.\\\[a\\\]\(b\)\{\{0\}\}\.json\)$/);
  });

  test("lists what was checked, with the digests", async () => {
    const { artifacts, invocations } = sarif(await run("sarif", "good.json", "bad.json"));
    expect(artifacts).toMatchObject([
      { location: { uri: "good.json" }, length: good.length, hashes: { "sha-256": sha256(good) } },
      { location: { uri: "bad.json" }, length: Buffer.byteLength(bad), hashes: { "sha-256": sha256(bad) } },
    ]);
    expect(invocations).toMatchObject([{ executionSuccessful: true }]);
  });

  test("is whole, and says so, where something could not be read", async () => {
    const result = await run("sarif", "missing.json", "bad.json");
    expect(result.code).toBe(2);
    expect(problem(result)).toBe("missing.json: no such file or directory");
    sarif(await run("sarif", "missing.json", "missing.json"));
    const { results, invocations } = sarif(result);
    expect(results).toMatchObject([{ ruleId: "json.duplicate-key" }]);
    expect(invocations).toMatchObject([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [{ level: "error", message: { text: "missing.json: no such file or directory" } }],
      },
    ]);
  });

  test("keeps fingerprints when lines move, and gives each finding its own", async () => {
    const twice = `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[],"annotations":{"org.a":"","org.a":"","org.a":""}}`;
    const prints = async (stdin: string) => {
      const { results } = sarif(await pierhead(["validate", "--format", "sarif", "-"], { stdin }));
      return results.map(({ partialFingerprints }) => partialFingerprints["pierhead/v1"]);
    };
    const [one, moved] = await Promise.all([prints(twice), prints(twice.replaceAll(",", ",\n\n  "))]);
    expect(one).toHaveLength(2);
    expect(new Set(one).size).toBe(2);
    expect(moved).toEqual(one);
  });
});

/** The one suite of a report, once it is certain that it is XML; and its cases. */
function junit({ stdout }: Pick<Result, "stdout">): { suite: XmlElement; cases: XmlElement[] } {
  const { root } = parseXml(stdout);
  expect(root?.name).toBe("testsuites");
  const [suite, ...others] = elements(root);
  if (suite === undefined) throw new Error("no suite");
  expect(others).toEqual([]);
  const { tests, failures } = suite.attributes;
  expect(root?.attributes).toMatchObject({ tests, failures });
  return { suite, cases: elements(suite) };
}

function elements(parent: XmlElement | null): XmlElement[] {
  return (parent?.children ?? []).filter((child): child is XmlElement => child.type === "element");
}

describe.concurrent("pierhead validate --format junit", TIMEOUT, () => {
  test("is one suite with a case for each document, in order", async () => {
    const result = await run("junit", "good.json", "bad.json", "missing.json", "warned.json");
    expect(result.code).toBe(2);
    const { suite, cases } = junit(result);
    expect(suite).toMatchObject({ name: "testsuite", attributes: { tests: "4", failures: "1", errors: "1" } });
    expect(cases.map(({ name, attributes: { name: file, classname } }) => [name, file, classname])).toEqual([
      ["testcase", "good.json", "pierhead.image-index"],
      ["testcase", "bad.json", "pierhead.image-index"],
      ["testcase", "missing.json", "pierhead.unknown"],
      ["testcase", "warned.json", "pierhead.image-index"],
    ]);
    expect(cases.map((each) => elements(each).map(({ name }) => name))).toEqual([
      [],
      ["failure"],
      ["error"],
      ["system-out"],
    ]);
  });

  test("says in a failure what was found, and where", async () => {
    const { cases } = junit(await run("junit", "bad.json"));
    const [failure] = elements(cases[0] ?? null);
    expect(failure?.attributes).toEqual({ type: "json.duplicate-key", message: "1 error, 0 warnings" });
    const [{ spec } = { spec: "" }] = validate(bad).issues;
    expect(failure?.text).toBe(
      `bad.json:3:39 error json.duplicate-key: no two properties of an object may have one name (at /annotations/org.a) ${spec}`,
    );
  });

  test("passes what has warnings only, and keeps them", async () => {
    const result = await run("junit", "warned.json");
    expect(result.code).toBe(0);
    expect(elements(junit(result).cases[0] ?? null)[0]?.text).toMatch(/^warned\.json:1:\d+ warning ambiguity\.null: /);
  });

  test("is XML whatever files are called, and documents hold", async () => {
    const { cases } = junit(await run("junit", ...ODD_NAMES));
    expect(cases.map(({ attributes: { name } }) => name)).toEqual(ODD_NAMES);
    const controls = JSON.stringify(JSON.parse(index({ annotations: { [`org.${CONTROLS.slice(0, -1)}`]: 1 } })));
    const { stdout } = await pierhead(["validate", "--format", "junit", "-"], { stdin: controls });
    const [failure] = elements(junit({ stdout }).cases[0] ?? null);
    expect(failure?.text).toContain("(at /annotations/org.\\u0000\\u001b[31m\\u0085\\u2028\\ufffe\\uffff)");
  });
});

describe.concurrent("pierhead validate --format", TIMEOUT, () => {
  test.each([
    [["--json", "--format", "json"], ["--json"]],
    [["--format", "json"], ["--json"]],
    [["--format", "text"], []],
  ])("%j is %j", async (args, short) => {
    const results = [args, short].map((flags) => pierhead(["validate", ...flags, "good.json", "bad.json"], { cwd }));
    const [one, other] = await Promise.all(results);
    expect(one).toEqual(other);
  });

  test.each(["text", "json", "sarif", "junit"])("%s leaves out warnings with --quiet", async (format) => {
    const names = ["good.json", "warned.json", "bad.json"];
    const [loud, quiet] = await Promise.all([run(format, ...names), run(format, "--quiet", ...names)]);
    expect(loud.stdout).toContain(
      "ambiguity.null: a".slice(0, format === "text" || format === "junit" ? undefined : 14),
    );
    expect(quiet.code).toBe(1);
    expect(quiet.stdout.replace(/"rules":\[.*?\}\]/, "")).not.toContain("ambiguity.null");
    expect(quiet.stdout).toContain("json.duplicate-key");
    if (format === "json") expect(jsonLines(quiet.stdout)).toMatchObject([{ issues: [] }, { issues: [] }, {}]);
  });

  test("text says nothing with --quiet where all is valid", async () => {
    const names = ["good.json", "warned.json"];
    expect(await run("text", "--quiet", ...names)).toEqual({ code: 0, stdout: "", stderr: "" });
    const { stdout } = await run("text", "-q", ...names, "bad.json");
    expect(stdout).toMatch(/^bad\.json: invalid .*\n3 documents: 2 valid, 1 invalid, 1 error, 1 warning\n$/s);
  });
});

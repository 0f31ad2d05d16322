import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { jsonLines, pierhead, problem, scratch, start, TIMEOUT } from "./run.ts";

const MIB = 1024 * 1024;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const VALID = fileURLToPath(new URL("../../fixtures/rules/valid", import.meta.url));

const cwd = await scratch();
const duplicate = `{"schemaVersion":2,\n "mediaType":"${INDEX}","manifests":[],\n "annotations":{"org.example.a":"","org.example.a":""}}`;
await Promise.all([
  writeFile(join(cwd, "good.json"), JSON.stringify(index())),
  writeFile(join(cwd, "bad.json"), duplicate),
  writeFile(join(cwd, "warned.json"), JSON.stringify(index({ subject: null }))),
  mkdir(join(cwd, "folder")),
]);

function index(changes: object = {}): object {
  return { schemaVersion: 2, mediaType: INDEX, manifests: [], ...changes };
}

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

interface Verdict {
  readonly valid: boolean;
  readonly digest: string | null;
  readonly issues: readonly { rule: string; severity: string; pointer: string; line: number; column: number }[];
}

/** The verdict on what is given on standard input. */
async function verdictOn(stdin: string | Uint8Array, ...args: string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await pierhead(["validate", "--json", ...args, "-"], { stdin });
  const [verdict, ...others] = jsonLines(stdout) as Verdict[];
  if (verdict === undefined) throw new Error(stderr);
  expect(others).toEqual([]);
  expect(code).toBe(verdict.valid ? 0 : 1);
  return verdict;
}

function rules({ issues }: Verdict): string[] {
  return issues.map(({ rule }) => rule);
}

describe.concurrent("pierhead validate --json", TIMEOUT, () => {
  test("prints one line for each file, in the order of the arguments", async () => {
    const { code, stdout, stderr } = await pierhead(["validate", "--json", "good.json", "bad.json", "good.json"], {
      cwd,
    });
    expect(code).toBe(1);
    expect(stderr).toBe("");
    expect(jsonLines(stdout)).toMatchObject([
      { file: "good.json", valid: true },
      { file: "bad.json", valid: false },
      { file: "good.json", valid: true },
    ]);
  });

  test("says of a valid file what it is", async () => {
    const { stdout } = await pierhead(["validate", "--json", "good.json"], { cwd });
    expect(jsonLines(stdout)).toEqual([
      {
        file: "good.json",
        valid: true,
        kind: "image-index",
        mediaType: INDEX,
        digest: sha256(JSON.stringify(index())),
        issues: [],
      },
    ]);
  });

  test("says of each finding which rule, how grave, where, and by which specification", async () => {
    const { stdout } = await pierhead(["validate", "--json", "bad.json"], { cwd });
    expect(jsonLines(stdout)).toEqual([
      {
        file: "bad.json",
        valid: false,
        kind: "image-index",
        mediaType: INDEX,
        digest: sha256(duplicate),
        issues: [
          {
            rule: "json.duplicate-key",
            severity: "error",
            pointer: "/annotations/org.example.a",
            line: 3,
            column: 36,
            message: "no two properties of an object may have one name",
            spec: "https://www.rfc-editor.org/rfc/rfc7493.html#section-2.3",
          },
        ],
      },
    ]);
  });

  test("keeps the line whole where the document holds line ends", async () => {
    const document = index({ annotations: { "org.example.a\n\u2028b": 1 } });
    const { stdout } = await pierhead(["validate", "--json", "-"], { stdin: JSON.stringify(document) });
    expect(stdout.split(/[\n\u2028]/)).toHaveLength(2);
    expect(jsonLines(stdout)).toMatchObject([{ issues: [{ pointer: "/annotations/org.example.a\n\u2028b" }] }]);
  });

  test("has every finding of a document that has many", async () => {
    const manifests = Array.from({ length: 200 }, () => 1);
    const { issues } = await verdictOn(JSON.stringify(index({ manifests })));
    expect(issues).toHaveLength(200);
  });
});

describe.concurrent("pierhead validate", TIMEOUT, () => {
  test("finds nothing in documents that keep every rule", async () => {
    const names = ["image-manifest", "image-index", "image-config", "docker-manifest", "oci-layout"];
    const result = await pierhead(["validate", ...names.map((name) => join(VALID, `${name}.json`))]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout.split("\n")).toHaveLength(names.length + 2);
  });

  test("shows people the file, its kind, digest and size, and each place with its line", async () => {
    const { code, stdout, stderr } = await pierhead(["validate", "good.json", "bad.json"], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toBe(
      [
        `good.json: valid image index ${sha256(JSON.stringify(index()))} (88 B)`,
        `bad.json: invalid image index ${sha256(duplicate)} (146 B)`,
        "bad.json:3:36 error json.duplicate-key: no two properties of an object may have one name",
        "    at /annotations/org.example.a",
        `    3 |  "annotations":{"org.example.a":"","org.example.a":""}}`,
        "      |                                    ^",
        "    https://www.rfc-editor.org/rfc/rfc7493.html#section-2.3",
        "2 documents: 1 valid, 1 invalid, 1 error, 0 warnings",
        "",
      ].join("\n"),
    );
  });

  test("sums up what several documents come to, and says nothing more of one alone", async () => {
    const sum = async (...names: string[]) => {
      const { stdout } = await pierhead(["validate", ...names], { cwd });
      return stdout.split("\n").at(-2);
    };
    expect(await sum("good.json")).toMatch(/^good\.json: valid /);
    expect(await sum("warned.json", "good.json")).toBe("2 documents: 2 valid, 0 invalid, 0 errors, 1 warning");
    expect(await sum("missing.json", "bad.json")).toBe(
      "2 documents: 0 valid, 1 invalid, 1 not read, 1 error, 0 warnings",
    );
  });

  test("shows fifty findings of a file, and counts the rest", async () => {
    const manifests = Array.from({ length: 53 }, () => 1);
    const { stdout } = await pierhead(["validate", "-"], { stdin: JSON.stringify(index({ manifests })) });
    expect(stdout.match(/^-:1:\d+ error /gm)).toHaveLength(50);
    expect(stdout).toMatch(/\n {2}… and 3 more findings, which --json prints\n$/);
  });

  test("is content with warnings alone", async () => {
    const { valid, issues } = await verdictOn(JSON.stringify(index({ subject: null })));
    expect({ valid, issues }).toMatchObject({ valid: true, issues: [{ rule: "ambiguity.null", severity: "warning" }] });
  });

  test.each([
    [0, ["good.json"]],
    [0, ["good.json", "good.json"]],
    [1, ["bad.json", "good.json"]],
    [1, ["good.json", "bad.json"]],
    [2, ["missing.json"]],
    [2, ["missing.json", "good.json"]],
    [2, ["missing.json", "bad.json"]],
    [2, ["bad.json", "missing.json"]],
    [2, ["folder"]],
    [0, ["--max-warnings", "1", "warned.json", "good.json"]],
    [1, ["--max-warnings", "1", "warned.json", "warned.json"]],
    [1, ["--max-warnings", "0", "--quiet", "--json", "warned.json"]],
    [2, ["--max-warnings", "0", "warned.json", "missing.json"]],
  ])("ends with %i for %j", async (expected, args) => {
    const { code } = await pierhead(["validate", ...args], { cwd });
    expect(code).toBe(expected);
  });

  test("says that there are too many warnings", async () => {
    const result = await pierhead(["validate", "--max-warnings", "0", "warned.json"], { cwd });
    expect(problem(result)).toBe("1 warning, more than --max-warnings allows: 0");
  });

  test.each([[[]], [["--json"]]])("goes on after a file that is missing, with %j", async (flags) => {
    const result = await pierhead(["validate", ...flags, "bad.json", "missing.json", "good.json"], { cwd });
    expect(problem(result)).toBe("missing.json: no such file or directory");
    const others = await pierhead(["validate", ...flags, "bad.json", "good.json"], { cwd });
    const lines = (stdout: string) => stdout.split("\n").filter((line) => !/^\d+ documents: /.test(line));
    expect(lines(result.stdout)).toEqual(lines(others.stdout));
  });

  test("reads standard input among the files", async () => {
    const { code, stdout } = await pierhead(["validate", "good.json", "-"], { cwd, stdin: duplicate });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^good\.json: valid .*\n-: invalid .*\n-:3:36 error json\.duplicate-key: /);
  });

  test("refuses standard input twice, before it reads anything", async () => {
    const result = await pierhead(["validate", "good.json", "-", "-"], { cwd, stdin: duplicate });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toBe("standard input (-) can be given once only");
  });

  test("stops reading standard input that has no end", async () => {
    const { process, ended } = start(["validate", "--json", "-"]);
    const chunk = Buffer.alloc(MIB, " ");
    const send = () => {
      while (process.stdin.writable && process.stdin.write(chunk));
    };
    process.stdin.on("drain", send);
    send();
    const { code, stdout } = await ended;
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toMatchObject([{ issues: [{ rule: "json.size" }] }]);
  });
});

describe.concurrent("pierhead validate refuses", TIMEOUT, () => {
  test.each<[string, string | Uint8Array, string, number, number]>([
    ["an empty file", "", "json.syntax", 1, 1],
    ["what is not JSON", '{"a":\n oops}', "json.syntax", 2, 2],
    ["what is not UTF-8", Buffer.from('["\xff"]', "latin1"), "json.utf8", 1, 3],
    ["a byte order mark", "\ufeff{}", "json.byte-order-mark", 1, 1],
    ["65 levels", "[".repeat(65) + "]".repeat(65), "json.depth", 1, 65],
    ["a byte more than 8 MiB", " ".repeat(8 * MIB + 1), "json.size", 1, 1],
  ])("%s", async (_, stdin, rule, line, column) => {
    const { valid, issues } = await verdictOn(stdin);
    expect(valid).toBe(false);
    expect(issues).toMatchObject([{ rule, line, column }]);
  });

  const open = JSON.stringify(index()).slice(0, -1);
  test.each([
    ["64 levels", `${open},"x":${"[".repeat(63)}${"]".repeat(63)}}`],
    ["8 MiB", `${`${open},"x":"`.padEnd(8 * MIB - 2, "x")}"}`],
  ])("not %s", async (_, document) => {
    expect(await verdictOn(document)).toMatchObject({ valid: true, digest: sha256(document), issues: [] });
  });

  test("to name the digest of what it has not read to the end", async () => {
    expect(await verdictOn(" ".repeat(8 * MIB + 1))).toMatchObject({ digest: null });
    const { stdout } = await pierhead(["validate", "-"], { stdin: " ".repeat(8 * MIB + 1) });
    expect(stdout).toMatch(/^-: invalid document of unknown kind \(over 8\.0 MiB\)\n/);
  });
});

describe.concurrent("pierhead validate by profile and media type", TIMEOUT, () => {
  const nothing = JSON.stringify(index({ subject: null }));
  const blake3 = {
    mediaType: MANIFEST,
    digest: "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    size: 2,
  };
  const hashed = JSON.stringify(index({ manifests: [{ ...blake3, digest: blake3.digest.slice(0, -2) }] }));

  test.each([
    ["1.1", nothing, []],
    ["dev", nothing, []],
    ["schema", nothing, ["index.property.type"]],
    ["1.1", hashed, []],
    ["dev", hashed, ["descriptor.digest.encoding"]],
  ])("--profile %s judges by its own rules", async (profile, document, errors) => {
    const { issues } = await verdictOn(document, "--profile", profile);
    expect(issues.filter(({ severity }) => severity === "error").map(({ rule }) => rule)).toEqual(errors);
  });

  test("takes the released specifications unless told", async () => {
    expect(await verdictOn(nothing)).toEqual(await verdictOn(nothing, "--profile", "1.1"));
  });

  test("--media-type is content with a document that agrees", async () => {
    expect(await verdictOn(JSON.stringify(index()), "--media-type", INDEX)).toMatchObject({ valid: true, issues: [] });
  });

  test("--media-type finds a document that says otherwise of itself", async () => {
    const verdict = await verdictOn(JSON.stringify(index()), "--media-type", MANIFEST);
    expect(verdict).toMatchObject({ valid: false, kind: "image-manifest" });
    expect(rules(verdict)).toContain("ambiguity.media-type");
  });

  test("--media-type says what a document is that does not", async () => {
    const document = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const verdict = await verdictOn(document, "--media-type", INDEX);
    expect(verdict).toMatchObject({ kind: "image-index", valid: true });
  });

  test.each([
    ["descriptor", { mediaType: "text/plain", digest: `sha256:${"0".repeat(64)}`, size: 1 }, { size: -1 }],
    ["layout.header", { imageLayoutVersion: "1.0.0" }, { imageLayoutVersion: "2.0.0" }],
  ])(
    "--media-type application/vnd.oci.%s.v1+json is of a document that has no word for it",
    async (name, good, change) => {
      const judge = (document: object) =>
        verdictOn(JSON.stringify(document), "--media-type", `application/vnd.oci.${name}.v1+json`);
      expect(await judge(good)).toMatchObject({ valid: true, issues: [] });
      expect(await judge({ ...good, ...change })).toMatchObject({ valid: false });
    },
  );
});

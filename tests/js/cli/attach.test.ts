/** `pierhead attach` and `referrers`: what is attached is a manifest as the specification has it, and is found. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { fixtureLayout } from "../../support/registry.mjs";
import { amd64, blobPath, hello, MANIFEST } from "./image.ts";
import { jsonLines, pierhead, problem, scratch, TIMEOUT } from "./run.ts";
import { type Store, startStore } from "./store.ts";

const TYPE = "application/vnd.example.report";
const EMPTY = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
};

const cwd = await scratch();
const report = join(cwd, "report.txt");
writeFileSync(report, "all is well");

interface Attached {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType: string;
  readonly subject: string;
}

let repositories = 0;

/** A repository with the image, whose index has the tag 1. */
async function withImage({ host }: Store): Promise<string> {
  repositories += 1;
  const name = `${host}/uploads/plain/r${repositories}`;
  for (const [reference, part] of [
    [name, amd64],
    [`${name}:1`, hello],
  ] as const) {
    const path = blobPath(fixtureLayout, part);
    expect(await pierhead(["manifest", "put", reference, path])).toMatchObject({ code: 0 });
  }
  return name;
}

async function attach(...args: string[]): Promise<Attached> {
  const { code, stdout, stderr } = await pierhead(["attach", "--artifact-type", TYPE, "--json", "-q", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return jsonLines(stdout)[0] as Attached;
}

async function manifestOf(name: string, digest: string): Promise<unknown> {
  return JSON.parse((await pierhead(["manifest", "get", `${name}@${digest}`])).stdout);
}

function descriptor(mediaType: string, content: string | Buffer, title?: string) {
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const annotations = { "org.opencontainers.image.title": title };
  return { mediaType, digest, size: Buffer.byteLength(content), ...(title !== undefined && { annotations }) };
}

describe.each([
  ["that lists referrers", true],
  ["that does not", false],
])("in a registry %s", TIMEOUT, (_, referrers) => {
  let store: Store;
  let image: string;

  beforeAll(async () => {
    store = await startStore({ referrers });
    image = await withImage(store);
  }, TIMEOUT.timeout);

  test("files become an artifact whose subject is the image", async () => {
    const other = join(cwd, "a:b.bin");
    writeFileSync(other, "\0");
    const attached = await attach(
      `${image}:1`,
      `${report}:text/plain`,
      other,
      "--annotation",
      "a=b=c",
      "--annotation",
      "d=",
    );
    expect(attached).toMatchObject({ name: image, mediaType: MANIFEST, artifactType: TYPE, subject: hello.digest });
    expect(await manifestOf(image, attached.digest)).toEqual({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: TYPE,
      config: EMPTY,
      layers: [
        descriptor("text/plain", "all is well", "report.txt"),
        descriptor("application/octet-stream", "\0", "a:b.bin"),
      ],
      subject: hello,
      annotations: { a: "b=c", d: "" },
    });
    const blob = await pierhead(["blob", "get", `${image}@${EMPTY.digest}`]);
    expect(blob.stdout).toBe("{}");
  });

  test("it is listed with its type and its annotations", async () => {
    const own = await withImage(store);
    const { digest, size } = await attach(`${own}:1`, report, "--annotation", "a=b");
    const { stdout } = await pierhead(["referrers", "--json", `${own}:1`]);
    const annotations = { a: "b" };
    const referrer = { digest, mediaType: MANIFEST, size, artifactType: TYPE, annotations };
    expect(jsonLines(stdout)).toEqual([{ name: own, digest: hello.digest, referrers: [referrer] }]);
    const text = await pierhead(["referrers", `${own}@${hello.digest}`]);
    expect(text).toEqual({
      code: 0,
      stderr: "",
      stdout: `${own} ${hello.digest}\n└── ${digest}      ${size} B ${TYPE}\n    a: b\n1 referrer\n`,
    });
  });

  test("what refers to that is listed below it, when asked for", async () => {
    const own = await withImage(store);
    const first = await attach(`${own}:1`, report);
    const second = await attach(`${own}@${first.digest}`, "--annotation", "of=a report");
    expect(second.subject).toBe(first.digest);
    const flat = await pierhead(["referrers", `${own}:1`]);
    expect(flat.stdout).not.toContain(second.digest);
    const { stdout } = await pierhead(["referrers", "-r", `${own}:1`]);
    expect(stdout.split("\n")).toEqual([
      `${own} ${hello.digest}`,
      expect.stringContaining(`└── ${first.digest}`),
      expect.stringContaining(`    └── ${second.digest}`),
      "        of: a report",
      "2 referrers",
      "",
    ]);
    const json = await pierhead(["referrers", "-r", "--json", `${own}:1`]);
    const below = { digest: second.digest, referrers: [] };
    expect(jsonLines(json.stdout)).toMatchObject([{ referrers: [{ digest: first.digest, referrers: [below] }] }]);
  });

  test("only those of a type are listed", async () => {
    const own = await withImage(store);
    const { digest } = await attach(`${own}:1`, report);
    const list = (type: string) => pierhead(["referrers", "--artifact-type", type, `${own}:1`]);
    expect((await list(TYPE)).stdout).toContain(digest);
    expect((await list("application/other")).stdout).toBe(`${own} ${hello.digest}\n0 referrers\n`);
  });

  test("it may refer to the manifest for a platform", async () => {
    const own = await withImage(store);
    const { subject, digest } = await attach("--platform", "linux/amd64", `${own}:1`, report);
    expect(subject).toBe(amd64.digest);
    const list = (...more: string[]) => pierhead(["referrers", `${own}:1`, ...more]);
    expect((await list("--platform", "linux/amd64")).stdout).toContain(digest);
    expect((await list()).stdout).toContain("0 referrers");
  });

  test("without files, annotations are what is attached", async () => {
    const { digest } = await attach(`${image}:1`, "--annotation", "verdict=good");
    expect(await manifestOf(image, digest)).toMatchObject({ layers: [EMPTY], annotations: { verdict: "good" } });
  });
});

describe.concurrent("pierhead attach", TIMEOUT, () => {
  let store: Store;
  let image: string;

  beforeAll(async () => {
    store = await startStore({ referrers: true });
    image = await withImage(store);
  }, TIMEOUT.timeout);

  test("shows its files go, and prints the digest of what they became", async () => {
    const args = ["attach", `${image}:1`, "--artifact-type", TYPE, "--", "-:text/plain"];
    const { code, stdout, stderr } = await pierhead(args, { stdin: "from elsewhere" });
    const { digest } = descriptor("", "from elsewhere");
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${digest}       14 B done\n` });
    const [, own = ""] = /^(sha256:[a-f0-9]{64}) {2}/.exec(stdout) ?? [];
    expect(stdout).toBe(`${own}  ${image}@${own}\n`);
    expect(await manifestOf(image, own)).toMatchObject({ layers: [{ mediaType: "text/plain", digest, size: 14 }] });
  });

  test.each([
    ["no type", [report], "required option '--artifact-type <type>' not specified"],
    ["what is no type", ["--artifact-type", "sbom", report], "It has to be a media type"],
    ["a file that is not there", ["--artifact-type", TYPE, join(cwd, "missing")], "missing: no such file or directory"],
    ["two files of one name", ["--artifact-type", TYPE, report, report], "two files would go by one name: report.txt"],
    [
      "standard input twice",
      ["--artifact-type", TYPE, "--", "-", "-:a/b"],
      "standard input (-) can be given once only",
    ],
    [
      "an annotation without a key",
      ["--artifact-type", TYPE, "--annotation", "=b"],
      "--annotation =b: is not key=value",
    ],
    ["an annotation twice", ["--artifact-type", TYPE, "--annotation", "a=", "--annotation", "a="], "is given twice"],
  ])("takes nothing with %s", async (_, args, message) => {
    const result = await pierhead(["attach", `${store.host}/uploads/plain/never/x:1`, ...args]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(message);
    expect(store.requests.filter((request) => request.startsWith("P") && request.includes("/never/"))).toEqual([]);
  });

  test("attaches nothing to what is not there", async () => {
    const own = `${store.host}/uploads/plain/none`;
    const result = await pierhead(["attach", `${own}:1`, "--artifact-type", TYPE, report]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("status 404");
    expect(store.requests.filter((request) => request.startsWith("P") && request.includes("/none/"))).toEqual([]);
  });
});

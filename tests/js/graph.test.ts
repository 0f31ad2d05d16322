/** Images and layouts from `tests/fixtures/graph/`, whose format `tests/graph.rs` describes, and what hosts do to a validation. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Descriptor,
  digest,
  type GraphOptions,
  type LayoutFiles,
  type NamedReport,
  type Report,
  validateImage,
  validateLayout,
} from "pierhead";
import { describe, expect, test } from "vitest";
import { fixtureLayout } from "../support/registry.mjs";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Case {
  name?: string;
  parts?: Record<string, Json>;
  root?: string;
  absent?: string[];
  instead?: Record<string, string>;
  served?: Record<string, string>;
  limits?: GraphOptions["limits"];
  profile?: "schema";
  host?: true;
  files?: Record<string, string>;
  unlisted?: true;
  issues: [part: string, rule: string, pointer: string][];
  severity?: string;
}

type Rules = { common: Record<string, Json> } & Record<string, Record<"breaks" | "near", Case[]>>;

const folder = new URL("../fixtures/graph/", import.meta.url);
const fixtures = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Rules;

/** The parts of a case by name, and by their digests. */
class Parts {
  readonly made = new Map<string, string>();
  readonly served = new Map<string, string>();

  constructor({ parts, absent = [], instead = {}, served = {} }: Case, common: Record<string, Json>) {
    const all = { ...common, ...parts };
    for (const name of Object.keys(all)) this.#make(all, name);
    for (const text of this.made.values()) this.served.set(sha256(text), text);
    for (const name of absent) this.served.delete(sha256(this.made.get(name) ?? ""));
    for (const [name, text] of Object.entries(instead)) this.served.set(sha256(this.made.get(name) ?? ""), text);
    for (const [claimed, name] of Object.entries(served)) this.served.set(claimed, this.made.get(name) ?? "");
  }

  /** The part that a report is on; its name, if it is on none. */
  nameOf(report: string): string {
    const known = report.replace(/^blobs\/([^/]+)\/([^/]+)$/, "$1:$2");
    const claimed = this.served.get(known);
    for (const [name, text] of this.made) if (sha256(text) === known || text === claimed) return name;
    return report;
  }

  #make(parts: Record<string, Json>, name: string): string {
    const part = parts[name] ?? "";
    const text = this.made.get(name) ?? (typeof part === "string" ? part : JSON.stringify(this.#expand(parts, part)));
    this.made.set(name, text);
    return text;
  }

  #expand(parts: Record<string, Json>, value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.#expand(parts, item));
    if (typeof value !== "object" || value === null) return value;
    const { of, ...rest } = value;
    const own = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, this.#expand(parts, item)]));
    if (of === undefined) return own;
    const text = this.#make(parts, String(of));
    return { digest: sha256(text), size: Buffer.byteLength(text), ...own };
  }
}

describe.each(["graph", "image-layout"])("the rules of %s", (file) => {
  const { common, ...rules } = fixtures(file);
  for (const [rule, groups] of Object.entries(rules)) {
    for (const group of ["breaks", "near"] as const) {
      test.each(groups[group].map((given, number) => [given.name ?? number, given] as const))(
        `${rule}, ${group}: %s`,
        async (_, given) => {
          const parts = new Parts(given, common);
          const reports = file === "graph" ? await overImage(given, parts) : await overLayout(given, parts);
          const issues = reports.flatMap(({ name, report }) =>
            report.issues.map((issue) => ({ ...issue, part: parts.nameOf(name) })),
          );
          expect(issues.map((issue) => [issue.part, issue.rule, issue.pointer])).toEqual(given.issues);
          const own = issues.find((issue) => issue.rule === rule);
          expect(own !== undefined).toBe(group === "breaks");
          if (given.severity) expect(own?.severity).toBe(given.severity);
          for (const { report } of reports) {
            expect(report.valid).toBe(report.issues.every(({ severity }) => severity !== "error"));
          }
        },
      );
    }
  }
});

function overImage({ root = "index", limits, profile }: Case, parts: Parts): Promise<NamedReport[]> {
  const source = { open: ({ digest }: Descriptor) => streamOf(parts.served.get(digest)) };
  return collect(validateImage(parts.made.get(root) ?? "", source, { ...options(limits, profile) }));
}

async function overLayout({ files = {}, absent = [], unlisted, limits, profile }: Case, parts: Parts) {
  const all = new Map(Object.entries(files));
  for (const [known, text] of parts.served) {
    if (known !== sha256(parts.made.get("index") ?? "")) all.set(`blobs/${known.replace(":", "/")}`, text);
  }
  if (!absent.includes("oci-layout")) all.set("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
  if (!absent.includes("index")) all.set("index.json", parts.made.get("index") ?? "");
  const opened: string[] = [];
  const layout: LayoutFiles = {
    open(path) {
      opened.push(path);
      return streamOf(all.get(path));
    },
  };
  if (!unlisted) layout.list = (path) => listed([...all.keys()].filter((file) => file.startsWith(`${path}/`)));
  const reports = await collect(validateLayout(layout, options(limits, profile)));
  expect(new Set(opened).size, "each file is opened once").toBe(opened.length);
  expect(
    opened.filter((path) => path.includes("..")),
    "no path that goes elsewhere is opened",
  ).toEqual([]);
  return reports;
}

function listed(paths: string[]): AsyncIterable<string> | undefined {
  if (paths.length === 0) return undefined;
  return (async function* () {
    yield* paths;
  })();
}

function options(limits: GraphOptions["limits"], profile: "schema" | undefined): GraphOptions {
  return { ...(limits && { limits }), ...(profile && { profile }) };
}

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function streamOf(content: string | Uint8Array | undefined): ReadableStream<Uint8Array> | undefined {
  return content === undefined ? undefined : new Blob([content as BlobPart]).stream();
}

async function collect(reports: AsyncIterable<NamedReport>): Promise<NamedReport[]> {
  const all = [];
  for await (const report of reports) all.push(report);
  return all;
}

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const INDEX = "application/vnd.oci.image.index.v1+json";

function indexOf(...manifests: object[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
}

function entry(content: string, mediaType = "application/vnd.example"): Descriptor {
  return { mediaType, digest: sha256(content), size: content.length, annotations: {}, urls: [] };
}

const rulesOf = ({ issues }: Report) => issues.map(({ rule }) => rule);

describe("a layout on disk", () => {
  const files: LayoutFiles = {
    open: (path) => streamOf(readFileSync(join(fixtureLayout, path))),
    list: () => listed(readdirSync(join(fixtureLayout, "blobs/sha256")).map((name) => `blobs/sha256/${name}`)),
  };

  test("is reported file by file, with the bytes that lines and columns count in", async () => {
    const reports = await collect(validateLayout(files));
    const names = reports.map(({ name }) => name);
    expect(names).toHaveLength(7);
    expect([names[0], names.at(-1)]).toEqual(["oci-layout", "index.json"]);
    for (const { name, report, bytes } of reports) {
      expect(report.valid, name).toBe(true);
      expect(bytes && digest(bytes)).toBe(report.digest);
      if (name.startsWith("blobs/")) expect(`blobs/${report.digest.replace(":", "/")}`).toBe(name);
    }
  });

  test("is the same image from a descriptor of it", async () => {
    const root = JSON.parse(readFileSync(join(fixtureLayout, "index.json"), "utf8")).manifests[0] as Descriptor;
    const source = { open: ({ digest }: Descriptor) => files.open(`blobs/${digest.replace(":", "/")}`) };
    const reports = await collect(validateImage(root, source));
    expect(reports.map(({ report }) => report.valid)).toEqual([true, true, true, true, true]);
    expect(reports.at(-1)?.name).toBe(root.digest);
    const wrong = { ...root, size: root.size + 1 };
    const [report, ...others] = await collect(validateImage(wrong, source));
    expect([rulesOf(report?.report as Report), others]).toEqual([["content.size"], []]);
  });
});

describe("a validation", () => {
  const source = { open: () => undefined };

  test("calls the root as it is told", async () => {
    const [root] = await collect(validateImage(indexOf(), source, { name: "example.com/app:1" }));
    expect(root?.name).toBe("example.com/app:1");
  });

  test("tells the source what a part is for", async () => {
    const roles: string[] = [];
    const open = (_: Descriptor, role: string) => void roles.push(role);
    await collect(validateImage(indexOf(entry("a"), entry("b", INDEX)), { open }));
    expect(roles).toEqual(["blob", "index"]);
    await expect(collect(validateImage(entry("c", INDEX), { open }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(roles.at(-1)).toBe("root");
  });

  test.each([
    ["a blob", LAYER, sha256("x")],
    ["a blob that nobody can verify", LAYER, "test:unverifiable"],
    ["a document", INDEX, sha256("x")],
  ])("reads %s no further than its size", async (_, mediaType, digest) => {
    let pulled = 0;
    let cancelled = false;
    const open = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(1000));
          },
          cancel() {
            cancelled = true;
          },
        },
        { highWaterMark: 0 },
      );
    const [root] = await collect(validateImage(indexOf({ mediaType, digest, size: 2500 }), { open }));
    expect(root?.report.issues.map(({ rule, pointer }) => [rule, pointer])).toContainEqual([
      "content.size",
      "/manifests/0",
    ]);
    expect([pulled, cancelled]).toEqual([3, true]);
  });

  test("fails with what the source throws", async () => {
    const gone = new Error("gone");
    const open = () => {
      throw gone;
    };
    await expect(collect(validateImage(indexOf(entry("a")), { open }))).rejects.toBe(gone);
    const broken = () => new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(gone) });
    await expect(collect(validateImage(indexOf(entry("a")), { open: broken }))).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
  });

  test("ends with the signal's reason, whatever it waits for", async () => {
    const silent = () => new ReadableStream<Uint8Array>();
    const never = () => new Promise<undefined>(() => {});
    for (const open of [silent, never]) {
      for (const mediaType of [LAYER, INDEX]) {
        const abort = new AbortController();
        const reason = new Error("enough");
        const running = collect(validateImage(indexOf(entry("a", mediaType)), { open }, { signal: abort.signal }));
        setTimeout(() => abort.abort(reason), 10);
        await expect(running).rejects.toBe(reason);
      }
    }
    const signal = AbortSignal.abort("before");
    await expect(collect(validateImage(indexOf(), source, { signal }))).rejects.toBe("before");
    await expect(collect(validateLayout(source, { signal }))).rejects.toBe("before");
  });

  test("ends with the signal's reason while a list does not go on, and lets go of the list", async () => {
    const abort = new AbortController();
    let returned = false;
    const iterator = {
      next: () => new Promise<never>(() => setTimeout(() => abort.abort("enough"), 10)),
      async return() {
        returned = true;
        return { done: true as const, value: undefined };
      },
    };
    const list = () => ({ [Symbol.asyncIterator]: () => iterator });
    const running = collect(validateLayout({ open: () => streamOf("{}"), list }, { signal: abort.signal }));
    await expect(running).rejects.toBe("enough");
    expect(returned).toBe(true);
  });

  test("leaves no rejection behind when what it asked for fails after it was given up", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const abort = new AbortController();
    const list = () => {
      abort.abort("enough");
      return Promise.reject(new Error("the list failed"));
    };
    const files = { open: () => streamOf("{}"), list };
    await expect(collect(validateLayout(files, { signal: abort.signal }))).rejects.toBe("enough");
    await new Promise((resume) => setTimeout(resume, 10));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test.each([
    ["a path for its digest", { digest: "../../etc/passwd", size: 2 }, "INVALID_DIGEST"],
    ["a number for its digest", { digest: 5 as never, size: 2 }, "INVALID_ARGUMENT"],
    ["a negative size", { digest: sha256("{}"), size: -1 }, "INVALID_ARGUMENT"],
    ["no number for its size", { digest: sha256("{}"), size: Number.NaN }, "INVALID_ARGUMENT"],
  ])("asks no source for a root that has %s", async (_, root, code) => {
    const asked: unknown[] = [];
    const open = (descriptor: Descriptor) => {
      asked.push(descriptor);
      return undefined;
    };
    await expect(collect(validateImage({ mediaType: INDEX, ...root }, { open }))).rejects.toMatchObject({ code });
    expect(asked).toEqual([]);
  });

  test("gives back a stream that is opened when nobody waits any longer", async () => {
    const abort = new AbortController();
    const cancelled = new Promise((resolve) => {
      const open = async () => {
        abort.abort(new Error("enough"));
        await new Promise((resume) => setTimeout(resume, 5));
        return new ReadableStream<Uint8Array>({ cancel: resolve });
      };
      collect(validateImage(indexOf(entry("a")), { open }, { signal: abort.signal })).catch(() => {});
    });
    expect(await cancelled).toBe(abort.signal.reason);
  });

  test("claims no digest of what is too large to read", async () => {
    const large = `{"imageLayoutVersion":"1.0.0"}${" ".repeat(8 * 1024 * 1024)}`;
    const files: LayoutFiles = { open: (path) => streamOf(path.startsWith("blobs") ? undefined : large) };
    const reports = await collect(validateLayout(files));
    expect(reports.map(({ name, report }) => [name, rulesOf(report), report.digest])).toEqual([
      ["oci-layout", ["json.size"], ""],
      ["index.json", ["json.size"], ""],
    ]);
    const root = { mediaType: INDEX, digest: sha256(large), size: large.length };
    const [image] = await collect(validateImage(root, { open: () => streamOf(large) }));
    expect([image?.name, rulesOf(image?.report as Report), image?.report.digest]).toEqual([
      root.digest,
      ["json.size"],
      "",
    ]);
  });

  test("gives up a silent stream", async () => {
    const open = () => new ReadableStream<Uint8Array>();
    await expect(collect(validateImage(indexOf(entry("a")), { open }, { idleTimeout: 10 }))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
  });

  test("refuses limits that are no whole numbers", async () => {
    for (const limits of [{ depth: -1 }, { descriptors: 1.5 }, { bytes: Number.NaN }, { depth: 2 ** 32 }]) {
      await expect(collect(validateImage(indexOf(), source, { limits }))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
  });
});

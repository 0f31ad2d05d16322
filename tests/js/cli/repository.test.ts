/** What is done to a repository from the command line: lists of tags, manifests and blobs that are pushed, deletions. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixtureLayout } from "../../support/registry.mjs";
import { amd64, blobPath, hello, INDEX } from "./image.ts";
import { jsonLines, pierhead, problem, scratch, serve, start, TIMEOUT } from "./run.ts";
import { startStore } from "./store.ts";

const cwd = await scratch();
const store = await startStore({ page: 3 });
const index = join(cwd, "index.json");
writeFileSync(index, readFileSync(blobPath(fixtureLayout, hello)));

let repositories = 0;

/** The name of a repository with nothing in it. */
function empty(host = store.host): string {
  repositories += 1;
  return `${host}/uploads/plain/r${repositories}`;
}

/** A repository in which an index has these tags. */
async function tagged(tags: readonly string[], host?: string): Promise<string> {
  const name = empty(host);
  const more = tags.flatMap((tag) => ["--tag", tag]);
  expect(await pierhead(["manifest", "put", name, index, ...more])).toMatchObject({ code: 0, stderr: "" });
  return name;
}

function file(content: string | Buffer, name = `file-${Math.random()}`): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  return path;
}

function sha256(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

describe.concurrent("pierhead tags", TIMEOUT, () => {
  test("lists them in the registry's order, through all pages", async () => {
    const name = await tagged(["c", "a", "b", "e", "d", "10", "9"]);
    expect(await pierhead(["tags", name])).toEqual({ code: 0, stderr: "", stdout: "10\n9\na\nb\nc\nd\ne\n" });
    const { stdout } = await pierhead(["tags", "--json", name]);
    expect(jsonLines(stdout)).toEqual([{ name, tags: ["10", "9", "a", "b", "c", "d", "e"] }]);
  });

  test("lists a part of them, and asks for no more", async () => {
    const own = await startStore({ page: 2 });
    const name = await tagged(["a", "b", "c", "d", "e", "f"], own.host);
    own.requests.length = 0;
    expect((await pierhead(["tags", name, "--last", "b", "--limit", "3"])).stdout).toBe("c\nd\ne\n");
    expect(own.requests).toHaveLength(2);
    expect((await pierhead(["tags", name, "--limit", "0"])).stdout).toBe("");
    expect(own.requests).toHaveLength(2);
  });

  test("lets a terminal obey nothing of them", async () => {
    const body = JSON.stringify({ name: "x", tags: ["a\u202e", "b"] });
    const host = await serve((_, response) => void response.end(body));
    expect(await pierhead(["tags", `${host}/x`])).toEqual({ code: 0, stderr: "", stdout: "a\\u202e\nb\n" });
  });

  test.each([
    ["a repository that is not there", "127.0.0.1:1/x", "CONNECTION_FAILED: "],
    ["an image", `${store.host}/x:1`, "names an image: a repository has neither tag nor digest here"],
    ["nothing", "", "INVALID_REFERENCE: "],
  ])("says what is wrong with %s", async (_, name, message) => {
    const result = await pierhead(["tags", name]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(message);
  });

  test("takes a whole number only", async () => {
    expect(problem(await pierhead(["tags", "x", "--limit", "-1"]))).toContain("It has to be a whole number.");
  });
});

describe.concurrent("pierhead manifest put", TIMEOUT, () => {
  test("pushes the exact bytes, under several tags", async () => {
    const name = empty();
    const { code, stdout } = await pierhead(["manifest", "put", `${name}:1`, index, "--tag", "2"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${hello.digest}  ${name}:1\n${hello.digest}  ${name}:2\n` });
    for (const tag of ["1", "2"]) {
      expect(sha256((await pierhead(["manifest", "get", `${name}:${tag}`])).stdout)).toBe(hello.digest);
    }
  });

  test("pushes standard input by its digest alone, and tells what it is in JSON", async () => {
    const name = empty();
    const stdin = readFileSync(index);
    const { stdout } = await pierhead(["manifest", "put", name, "-", "--json"], { stdin });
    const { digest, size } = hello;
    expect(jsonLines(stdout)).toEqual([{ name, digest, mediaType: INDEX, size, tags: [] }]);
    expect((await pierhead(["tags", name])).stdout).toBe("");
    expect(await pierhead(["manifest", "get", `${name}@${digest}`])).toMatchObject({ code: 0 });
  });

  test.each([
    ["another digest", `${empty()}@${amd64.digest}`, index, 1, "DIGEST_MISMATCH"],
    ["what is no JSON", `${empty()}:1`, file("no"), 1, "INVALID_JSON"],
    ["what is not there", `${empty()}:1`, join(cwd, "missing"), 2, "missing: no such file or directory"],
    ["more than is read", `${empty()}:1`, file(Buffer.alloc(8 * 2 ** 20 + 1)), 1, "TOO_LARGE"],
  ])("pushes nothing of %s", async (_, reference, path, code, message) => {
    const result = await pierhead(["manifest", "put", reference, path]);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(problem(result)).toContain(message);
  });
});

describe.concurrent("pierhead blob put", TIMEOUT, () => {
  test("pushes a file, unless it is there", async () => {
    const name = empty();
    const path = file("content");
    const digest = sha256("content");
    const first = await pierhead(["blob", "put", name, path]);
    expect(first).toMatchObject({ code: 0, stdout: `${digest}  ${path}\n` });
    expect(first.stderr).toBe(`${digest}        7 B done\n`);
    expect((await pierhead(["blob", "put", name, path])).stderr).toBe(`${digest}        7 B exists\n`);
    expect((await pierhead(["blob", "get", `${name}@${digest}`])).stdout).toBe("content");
  });

  test("pushes standard input in chunks, and tells what it is in JSON", async () => {
    const name = empty();
    const content = Buffer.alloc(10_000_000, "0123456789abcdef");
    const digest = sha256(content);
    const { stdout, stderr } = await pierhead(["blob", "put", name, "-", "--json", "-q"], { stdin: content });
    expect({ lines: jsonLines(stdout), stderr }).toEqual({
      lines: [{ name, digest, size: content.length, outcome: "done" }],
      stderr: "",
    });
  });

  test("goes on where a connection broke", async () => {
    repositories += 1;
    const name = `${store.host}/uploads/cut/r${repositories}`;
    const content = Buffer.alloc(3_000_000, "0123456789abcdef");
    const result = await pierhead(["blob", "put", name, file(content), "-q"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await pierhead(["digest", file(content)]);
    expect(stdout.slice(0, 71)).toBe(result.stdout.slice(0, 71));
  });

  test.each([
    ["another digest", [file("other"), "--digest", sha256("content")], 1, "DIGEST_MISMATCH"],
    ["what is not there", [join(cwd, "missing")], 2, "missing: no such file or directory"],
    ["a folder", [cwd], 2, "is a directory"],
  ])("does not push %s", async (_, args, code, message) => {
    const result = await pierhead(["blob", "put", empty(), ...args]);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(problem(result)).toContain(message);
  });

  test("takes an upload back that is interrupted", async () => {
    const own = await startStore();
    const { process, ended } = start(["blob", "put", `${own.host}/uploads/silent/x`, file("content")]);
    await expect
      .poll(() => own.requests.some((request) => /^(?:PUT|PATCH)/.test(request)), { timeout: 10_000 })
      .toBe(true);
    process.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
    expect(own.requests.some((request) => request.startsWith("DELETE"))).toBe(true);
  });
});

describe.concurrent("pierhead delete", TIMEOUT, () => {
  test("deletes a tag alone, where the registry does", async () => {
    const { host } = await startStore({ deletesTags: true });
    const name = await tagged(["1", "2"], host);
    const { code, stdout } = await pierhead(["delete", `${name}:1`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${name}:1: tag deleted; it pointed at ${hello.digest}\n` });
    expect((await pierhead(["tags", name])).stdout).toBe("2\n");
    const json = await pierhead(["delete", "--json", `${name}:2`]);
    expect(jsonLines(json.stdout)).toEqual([{ name, deleted: "tag", tag: "2", digest: hello.digest }]);
    expect(await pierhead(["manifest", "get", `${name}@${hello.digest}`])).toMatchObject({ code: 0 });
  });

  test("says how to delete what a tag points at, where the registry deletes no tags", async () => {
    const name = await tagged(["1", "2"]);
    const result = await pierhead(["delete", `${name}:1`]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(
      `deletes no tags alone; all of what it points at, by every tag: pierhead delete ${name}@`,
    );
    expect((await pierhead(["tags", name])).stdout).toBe("1\n2\n");
  });

  test("deletes a manifest by its digest, with its tags", async () => {
    const name = await tagged(["1", "2"]);
    const { code, stdout } = await pierhead(["delete", `${name}@${hello.digest}`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${name}@${hello.digest}: manifest deleted\n` });
    expect((await pierhead(["tags", name])).stdout).toBe("");
    const again = await pierhead(["delete", `${name}@${hello.digest}`]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(problem(again)).toContain("status 404");
  });

  test("deletes nothing by a tag and a digest, which could be meant either way", async () => {
    const name = await tagged(["1", "2"]);
    const both = `${name}:1@${hello.digest}`;
    const result = await pierhead(["delete", both]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(`delete ${name}:1, or ${name}@${hello.digest} with every tag`);
    expect((await pierhead(["tags", name])).stdout).toBe("1\n2\n");
  });

  test("of a manifest, by a tag, deletes what that points at", async () => {
    const { host } = await startStore({ deletesTags: true });
    const name = await tagged(["1", "2"], host);
    const { stdout } = await pierhead(["manifest", "delete", `${name}:1`, "--json"]);
    expect(jsonLines(stdout)).toEqual([{ name, deleted: "manifest", digest: hello.digest }]);
    expect((await pierhead(["tags", name])).stdout).toBe("");
  });

  test.each(["delete", "manifest delete"])("deletes no tag that nobody has named: %s", async (command) => {
    const name = await tagged(["latest"]);
    const result = await pierhead([...command.split(" "), name]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`has neither tag nor digest: ${name}:latest, or which?`);
    expect((await pierhead(["tags", name])).stdout).toBe("latest\n");
  });
});

test("what a registry wants its users to know is said once", TIMEOUT, async () => {
  const { host } = await startStore({ warning: "going away in March", page: 1 });
  const name = empty(host);
  const put = await pierhead(["manifest", "put", `${name}:1`, index, "--tag", "2", "--tag", "3"]);
  const said = `pierhead: warning: ${host} says: going away in March\n`;
  expect(put).toMatchObject({ code: 0, stderr: said });
  expect(await pierhead(["tags", name])).toEqual({ code: 0, stdout: "1\n2\n3\n", stderr: said });
});

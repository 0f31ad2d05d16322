/** `pierhead manifest get` and `blob get`: bytes as they are, and files that are there when they are whole. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startRegistry } from "../../support/registry.mjs";
import { amd64, arm64, hello, INDEX, MANIFEST, partsOf } from "./image.ts";
import { jsonLines, pierhead, problem, scratch, serve, start, TIMEOUT } from "./run.ts";

const cwd = await scratch();
const registry = await startRegistry();
afterAll(() => registry.close());

const image = `${registry.host}/hello`;
const [, layer] = partsOf(amd64).layers;
const blob = `${image}@${layer.digest}`;

function sha256(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

let folders = 0;

/** An empty folder. */
function folder(): string {
  folders += 1;
  const path = join(cwd, String(folders));
  mkdirSync(path);
  return path;
}

describe.concurrent("pierhead manifest get", TIMEOUT, () => {
  test.each([
    ["an index", `${image}:1.0`, [], hello.digest],
    ["a manifest", `${image}@${arm64.digest}`, [], arm64.digest],
    ["of an index, the manifest for a platform", `${image}:1.0`, ["--platform", "linux/arm64"], arm64.digest],
    ["a manifest, whatever its platform", `${image}@${arm64.digest}`, ["--platform", "linux/amd64"], arm64.digest],
  ])("prints %s, byte by byte", async (_, reference, more, digest) => {
    const { code, stdout, stderr } = await pierhead(["manifest", "get", reference, ...more]);
    expect({ code, stderr, digest: sha256(stdout) }).toEqual({ code: 0, stderr: "", digest });
  });

  test("saves it in a file", async () => {
    const file = join(folder(), "manifest.json");
    const { code, stdout } = await pierhead(["manifest", "get", `${image}:1.0`, "-o", file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${hello.digest}  ${file}\n` });
    expect(sha256(readFileSync(file))).toBe(hello.digest);
  });

  test("tells what it is in JSON", async () => {
    const about = { name: image, digest: hello.digest, mediaType: INDEX, size: hello.size };
    const { stdout } = await pierhead(["manifest", "get", "--json", `${image}:1.0`]);
    const [printed] = jsonLines(stdout);
    expect(printed).toMatchObject({ ...about, manifest: { schemaVersion: 2, manifests: [amd64, arm64] } });
    const file = join(folder(), "m");
    const saved = await pierhead(["manifest", "get", "--json", "-o", file, `${image}@${amd64.digest}`]);
    const { digest, size } = amd64;
    expect(jsonLines(saved.stdout)).toEqual([{ name: image, digest, mediaType: MANIFEST, size, verified: true, file }]);
  });

  test("lets a terminal obey nothing of it", async () => {
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [],
      annotations: { a: "\u009b2J\u202e" },
    });
    const host = await serve((_, response) => void response.writeHead(200, { "Content-Type": INDEX }).end(body));
    const plain = await pierhead(["manifest", "get", `${host}/x:1`]);
    expect(plain.stdout).toBe(body);
    const shown = await pierhead(["manifest", "get", `${host}/x:1`], { terminal: 80 });
    expect(shown.stdout).toContain("\\u009b2J\\u202e");
    expect(shown.stdout).not.toMatch(/[\u009b\u202e]/);
  });

  test("says for which platforms there is one", async () => {
    const result = await pierhead(["manifest", "get", `${image}:1.0`, "--platform", "linux/s390x"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toBe(
      `${image}:1.0: nothing in the index is for linux/s390x: there is linux/amd64, linux/arm64`,
    );
  });

  test.each([
    ["corrupt", 1, "DIGEST_MISMATCH"],
    ["wrong-digest", 1, "DIGEST_MISMATCH"],
    ["huge", 1, "TOO_LARGE"],
    ["denied", 2, "AUTH_FAILED"],
    ["error-500", 2, "REGISTRY_ERROR"],
  ])("prints and saves nothing of a registry that is %s", async (fault, code, error) => {
    const target = `${registry.host}/faults/${fault}:1.0`;
    const own = folder();
    for (const more of [[], ["-o", join(own, "m")]]) {
      const result = await pierhead(["manifest", "get", target, ...more]);
      expect(result).toMatchObject({ code, stdout: "" });
      expect(problem(result)).toContain(`${target}: ${error}: `);
    }
    expect(readdirSync(own)).toEqual([]);
  });
});

describe.concurrent("pierhead blob get", TIMEOUT, () => {
  test("prints a blob, byte by byte", async () => {
    const config = partsOf(amd64).config;
    const { code, stdout, stderr } = await pierhead(["blob", "get", `${image}@${config.digest}`]);
    expect({ code, stderr, digest: sha256(stdout) }).toEqual({ code: 0, stderr: "", digest: config.digest });
  });

  test("saves it in a file, and tells of it on stderr", async () => {
    const file = join(folder(), "layer");
    const { code, stdout, stderr } = await pierhead(["blob", "get", blob, "-o", file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${layer.digest}  ${file}\n` });
    expect(stderr).toMatch(new RegExp(`^${layer.digest} +[\\d.]+ \\w+ done\\n$`));
    expect(sha256(readFileSync(file))).toBe(layer.digest);
  });

  test("tells what it is in JSON, and with --quiet nothing else", async () => {
    const file = join(folder(), "layer");
    const { stdout, stderr } = await pierhead(["blob", "get", blob, "-o", file, "--json", "--quiet"]);
    expect(jsonLines(stdout)).toEqual([{ name: image, digest: layer.digest, size: layer.size, file }]);
    expect(stderr).toBe("");
  });

  test("does not fill a terminal, unless told to", async () => {
    const result = await pierhead(["blob", "get", blob], { terminal: 80 });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain("what it prints is not for a terminal: give --output FILE");
    expect(await pierhead(["blob", "get", blob, "-o", "-"], { terminal: 80 })).toMatchObject({ code: 0, stderr: "" });
  });

  test.each([
    ["no digest", [`${image}:1.0`], "has no digest: a blob is registry/repository@sha256:…"],
    ["no file for JSON", [blob, "--json"], "--json needs --output FILE"],
    ["a digest that is none", [`${image}@sha256:ab`], "INVALID_REFERENCE: "],
    ["a digest that is not there", [`${image}@sha256:${"0".repeat(64)}`], "REGISTRY_ERROR: "],
  ])("says what is wrong with %s", async (_, args, message) => {
    const result = await pierhead(["blob", "get", ...args]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(message);
  });

  test.each([
    ["corrupt", 1, "DIGEST_MISMATCH"],
    ["long", 1, "DIGEST_MISMATCH"],
    ["truncated", 1, "DIGEST_MISMATCH"],
    ["cut", 2, "CONNECTION_LOST"],
    ["denied", 2, "AUTH_FAILED"],
  ])("leaves no file of a blob that is %s", async (fault, code, error) => {
    const own = folder();
    const target = `${registry.host}/faults/${fault}@${layer.digest}`;
    const result = await pierhead(["blob", "get", target, "-o", join(own, "layer"), "--quiet"]);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(problem(result)).toContain(error);
    expect(readdirSync(own)).toEqual([]);
  });
});

describe.concurrent("a file", TIMEOUT, () => {
  const get = (file: string, ...more: string[]) => pierhead(["blob", "get", blob, "-q", "-o", file, ...more]);

  test("that is there is not overwritten, and nothing is fetched for it", async () => {
    const file = join(folder(), "layer");
    writeFileSync(file, "mine");
    const own = await startRegistry();
    const result = await pierhead(["manifest", "get", `${own.host}/hello:1.0`, "-o", file]);
    await own.close();
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`${file}: there is such a file, which --force overwrites`);
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(await get(file)).toMatchObject({ code: 2 });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  test("is overwritten by --force, through a link that stays", async () => {
    const own = folder();
    writeFileSync(join(own, "file"), "old");
    symlinkSync("file", join(own, "link"));
    expect(await get(join(own, "link"), "--force")).toMatchObject({ code: 0, stderr: "" });
    expect(sha256(readFileSync(join(own, "file")))).toBe(layer.digest);
    expect(readdirSync(own).sort()).toEqual(["file", "link"]);
  });

  test.each(["/dev/null", cwd])("is not put in the place of something else: %s", async (path) => {
    const result = await get(path, "--force");
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`${path}: is not a regular file`);
  });

  test("in a folder that is missing is named", async () => {
    const file = join(cwd, "missing", "layer");
    const result = await get(file);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(`${file}: no such file or directory`);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("is not left half-written by %s", async (signal) => {
    const own = folder();
    const host = await serve((_, response) => {
      response.writeHead(200, { "Content-Length": "1000000" });
      // And then nothing.
      response.write(Buffer.alloc(300_000));
    });
    const file = join(own, "layer");
    const { process, ended } = start(["blob", "get", `${host}/x@${layer.digest}`, "-o", file]);
    await expect.poll(() => readdirSync(own), { timeout: 10_000 }).toHaveLength(1);
    expect(existsSync(file)).toBe(false);
    process.kill(signal);
    const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
    expect(await ended).toEqual({ code: codes[signal], stdout: "", stderr: "" });
    expect(readdirSync(own)).toEqual([]);
  });
});

import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ENVIRONMENT, MAIN, pierhead, problem, scratch, start, TIMEOUT } from "./run.ts";

const cwd = await scratch();
// More findings than a pipe takes at once.
await mkdir(join(cwd, "layout.d"));
await writeFile(join(cwd, "long.json"), `{"annotations":{${'"x":1,'.repeat(5_000)}"x":1}}`);

/** Runs a command as `"$@"` of a script. */
function shell(script: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const command = ["-c", script, "sh", process.execPath, MAIN, ...args];
  return promisify(execFile)("sh", command, { cwd, env: ENVIRONMENT });
}

describe.concurrent("help", TIMEOUT, () => {
  test.each([
    ["pierhead [options] [command]", ["--help"]],
    ["pierhead [options] [command]", ["-h"]],
    ["pierhead [options] [command]", ["help"]],
    ["pierhead validate [options] <file|folder|reference...>", ["validate", "--help"]],
    ["pierhead validate [options] <file|folder|reference...>", ["help", "validate"]],
    ["pierhead inspect [options] <reference|folder|file>", ["inspect", "-h"]],
    ["pierhead inspect [options] <reference|folder|file>", ["help", "inspect"]],
    ["pierhead digest [options] <file...>", ["digest", "--help"]],
    ["pierhead digest [options] <file...>", ["help", "digest"]],
    ["pierhead login [options] <registry>", ["login", "--help"]],
    ["pierhead logout [options] <registry>", ["help", "logout"]],
    ["pierhead completion [options] <shell>", ["completion", "--help"]],
    ["pierhead completion [options] <shell>", ["help", "completion"]],
    ["pierhead help [options] [command...]", ["help", "--help"]],
    ["pierhead manifest get [options] <reference>", ["manifest", "get", "--help"]],
    ["pierhead manifest get [options] <reference>", ["help", "manifest", "get"]],
    ["pierhead manifest [options] [command]", ["manifest", "--help"]],
    ["pierhead manifest put [options] <reference> <file>", ["manifest", "put", "--help"]],
    ["pierhead manifest delete [options] <reference>", ["help", "manifest", "delete"]],
    ["pierhead blob get [options] <reference>", ["blob", "get", "--help"]],
    ["pierhead blob put [options] <repository> <file>", ["help", "blob", "put"]],
    ["pierhead copy [options] <source> <target>", ["copy", "--help"]],
    ["pierhead pull [options] <reference>", ["help", "pull"]],
    ["pierhead push [options] <source> <reference>", ["push", "--help"]],
    ["pierhead tags [options] <repository>", ["tags", "--help"]],
    ["pierhead referrers [options] <reference>", ["help", "referrers"]],
    ["pierhead attach [options] <reference> [file...]", ["attach", "--help"]],
    ["pierhead delete [options] <reference>", ["delete", "--help"]],
    ["pierhead serve [options]", ["help", "serve"]],
    ["pierhead collect [options] <folder>", ["collect", "--help"]],
  ])("is %j for %j, on stdout", async (usage, args) => {
    const { code, stdout, stderr } = await pierhead(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe(`Usage: ${usage}`);
  });

  test.each([
    [
      "validate",
      [
        "--format",
        "--json",
        "-q, --quiet",
        "--max-warnings",
        "--profile",
        "--media-type",
        "--platform",
        "--plain-http",
        "--anonymous",
        "--rules",
      ],
    ],
    ["inspect", ["--platform", "--plain-http", "--ca-file", "--anonymous", "--manifests-only", "--json"]],
    ["digest", ["--algorithm"]],
    ["manifest get", ["-o, --output", "--force", "--platform", "--json", "--plain-http", "--anonymous"]],
    ["blob get", ["-o, --output", "--force", "-q, --quiet", "--json", "--plain-http", "--anonymous"]],
    ["login", ["-u, --username", "--password-stdin", "--plain-http", "--ca-file"]],
    ["logout", []],
    ["completion", []],
  ])("of %s has its options, examples and exit statuses", async (command, options) => {
    const { stdout } = await pierhead([...command.split(" "), "--help"]);
    for (const option of options) expect(stdout).toContain(`\n  ${option}`);
    expect(stdout).toMatch(new RegExp(`\\nExamples:\\n.*\\$ .*pierhead ${command}`, "s"));
    expect(stdout).toMatch(/\nExit status: 0\b.*\b2 if/s);
  });

  test("comes on stderr, with 2, where no command is given", async () => {
    const { stdout: help } = await pierhead(["--help"]);
    expect(await pierhead([])).toEqual({ code: 2, stdout: "", stderr: help });
  });
});

test.each(["--version", "-V"])("%s is that of the package", TIMEOUT, async (flag) => {
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  expect(await pierhead([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe.concurrent("arguments that are wrong end with 2, and one line on stderr:", TIMEOUT, () => {
  test.each([
    [["shrink"], "unknown command 'shrink'"],
    [["validat", "x"], "unknown command 'validat' (Did you mean validate?)"],
    [["help", "shrink"], "unknown command 'shrink'"],
    [["help", "digest", "inspect"], "unknown command 'inspect'"],
    [["manifest", "gett", "x"], "unknown command 'gett' (Did you mean get?)"],
    [["blob", "get"], "missing required argument 'reference'"],
    [["--loud"], "unknown option '--loud'"],
    [["digest", "--loud", "-"], "unknown option '--loud'"],
    [["validate"], "missing required argument 'file|folder|reference'"],
    [["digest"], "missing required argument 'file'"],
    [["inspect"], "missing required argument 'reference|folder|file'"],
    [["inspect", "a", "b"], "too many arguments for 'inspect'. Expected 1 argument but got 2."],
    [["validate", "--media-type"], "option '--media-type <type>' argument missing"],
    [
      ["validate", "--profile", "1.0", "-"],
      "option '--profile <profile>' argument '1.0' is invalid. Allowed choices are 1.1, dev, schema.",
    ],
    [
      ["digest", "--algorithm", "md5", "-"],
      "option '--algorithm <algorithm>' argument 'md5' is invalid. Allowed choices are sha256, sha512, blake3.",
    ],
    [
      ["inspect", "--platform", "linux", "x"],
      "INVALID_PLATFORM: a platform is `os/architecture` or `os/architecture/variant`",
    ],
    [["inspect", "Upper:1"], "INVALID_REFERENCE: a repository is lowercase and cannot hold 'U'"],
    [
      ["validate", "--format", "xml", "-"],
      "option '--format <format>' argument 'xml' is invalid. Allowed choices are text, json, sarif, junit.",
    ],
    [["validate", "--json", "--format", "sarif", "-"], "--json contradicts --format sarif"],
    [
      ["validate", "--max-warnings", "-1", "-"],
      "option '--max-warnings <number>' argument '-1' is invalid. It has to be a whole number.",
    ],
    [
      ["validate", "--media-type", "", "-"],
      "option '--media-type <type>' argument '' is invalid. It has to be a media type.",
    ],
    [["validate", "a\nb"], "a b: no such file or directory"],
    [["validate", "--rules", "-"], "--rules checks nothing, and takes no files"],
    [["validate", "--rules", "--format", "junit"], "--rules prints text or json, not junit"],
  ])("%j", async (args, expected) => {
    const result = await pierhead(args);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toBe(expected);
  });

  test.each(["https://someone:hunter2@registry.example/x:1", "someone:hunter2@registry.example/x:1"])(
    "credentials, which it keeps to itself: %s",
    async (reference) => {
      for (const command of ["inspect", "validate"]) {
        const result = await pierhead([command, reference]);
        expect(result).toMatchObject({ code: 2, stdout: "" });
        expect(problem(result)).not.toContain("hunter2");
      }
      for (const format of ["sarif", "junit"]) {
        const { stdout } = await pierhead(["validate", "--format", format, reference]);
        expect(stdout).toContain("INVALID_REFERENCE");
        expect(stdout).not.toContain("hunter2");
      }
    },
  );
});

describe.concurrent("a name that is no file", TIMEOUT, () => {
  const missing = "no such file or directory";
  /** None of them may send anyone to a registry that nobody named. */
  test.each([
    ["manifest.json", missing],
    ["layout/index.json", missing],
    ["./ghcr.io/owner/image:1", missing],
    ["../image:1", missing],
    ["/image:1", missing],
    ["Upper", missing],
    ["", missing],
    ["alpine", `${missing} (an image has a tag or a registry: alpine:latest, docker.io/library/alpine)`],
    ["a/b", `${missing} (an image has a tag or a registry: a/b:latest, docker.io/a/b)`],
    // Some of them look as if they began with a registry, or ended with a tag.
    ["my.layout/index.json", missing],
    ["registry.example/Manifest.JSON", missing],
    ["manifest:1.json", missing],
    ["long.json:1", missing],
    ["layout/index.json:1:48", missing],
    ["C:/layout/index.json", missing],
    [`sha256:${"0".repeat(64)}`, missing],
    // There is such a folder, and nothing of that name in it.
    ["layout.d/manifest", `${missing} (an image has a tag or a registry: layout.d/manifest:latest)`],
  ])("and no image's either: %j", async (name, expected) => {
    for (const command of ["inspect", "validate"]) {
      const result = await pierhead([command, name], { cwd });
      expect(result.code).toBe(2);
      expect(problem(result)).toBe(`${name || '""'}: ${expected}`);
    }
  });

  test.each(["127.0.0.1:1/image", "localhost:1/image", "127.0.0.1:1/image:1", "[::1]:1/image"])(
    "but an image's, by its registry: %s",
    async (name) => {
      for (const command of ["inspect", "validate"]) {
        const result = await pierhead([command, name], { cwd });
        expect(result.code).toBe(2);
        expect(problem(result)).toContain("CONNECTION_FAILED");
      }
    },
  );
});

describe.concurrent("a reader that goes away", TIMEOUT, () => {
  test.each([
    ["validate", ["validate", "--json", ...Array.from({ length: 20 }, () => "long.json")]],
    ["digest", ["digest", ...Array.from({ length: 3_000 }, () => "long.json")]],
  ])("in the middle of %s gets no message", async (_, args) => {
    const { stdout, stderr } = await shell('{ "$@"; echo "status $?" >&2; } | head -n 1', args);
    expect(stdout.split("\n")).toHaveLength(2);
    expect(stderr).toBe("status 141\n");
  });

  test("ends the process also where the output is a socket", async () => {
    const { process, ended } = start(["validate", "--json", ...Array.from({ length: 20 }, () => "long.json")], { cwd });
    process.stdout.once("data", () => process.stdout.destroy());
    expect(await ended).toMatchObject({ code: 141, stderr: "" });
  });

  test.skipIf(!existsSync("/dev/full"))("is not confused with a full disk", async () => {
    const run = shell('"$@" > /dev/full', ["digest", "long.json"]);
    await expect(run).rejects.toMatchObject({ code: 2, stderr: "pierhead: no space left on device\n" });
  });
});

describe.concurrent("Ctrl-C", TIMEOUT, () => {
  test.each([["validate"], ["digest"], ["inspect"]])(
    "ends %s of an input that goes on, and says nothing",
    async (name) => {
      const { process, ended } = start([name, "-"]);
      // Once this much is gone, the command is reading, and no longer starting.
      await new Promise((resolve) => process.stdin.write(" ".repeat(4_000_000), resolve));
      process.kill("SIGINT");
      expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
    },
  );

  test("ends what cannot be given up: the opening of a pipe that nobody writes to", async () => {
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const { process, ended } = start(["digest", "long.json", pipe], { cwd });
    process.stdout.once("data", () => process.kill("SIGINT"));
    const { stdout, stderr } = await ended;
    expect(process.signalCode).toBe("SIGINT");
    expect(stdout).toMatch(/^sha256:[a-f0-9]{64} {2}long\.json\n$/);
    expect(stderr).toBe("");
  });
});

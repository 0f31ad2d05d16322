/** `pierhead login` and `logout`, and what the credentials that are kept are good for. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { ENVIRONMENT, MAIN, pierhead, problem, scratch, serve, TIMEOUT } from "./run.ts";

const { PATH = "" } = process.env;
const cwd = await scratch();

/** A registry that takes one password only, and says what it was shown. */
async function basicRegistry() {
  const shown: (string | undefined)[] = [];
  const host = await serve((request, response) => {
    shown.push(request.headers.authorization);
    if (request.headers.authorization === basic("me:secret"))
      response.writeHead(200, { "Content-Length": "2" }).end("{}");
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="here"', "Content-Length": "0" }).end();
  });
  return { host, shown };
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

/** Asks nobody for anything. */
const open = await serve((_, response) => void response.writeHead(200, { "Content-Length": "2" }).end("{}"));

let folders = 0;

/** A folder for Docker's file, with this in it. */
function config(value?: object) {
  folders += 1;
  const folder = join(cwd, `docker-${folders}`);
  mkdirSync(folder);
  const file = join(folder, "config.json");
  if (value !== undefined) writeFileSync(file, JSON.stringify(value));
  return { env: { DOCKER_CONFIG: folder }, file, read: (): unknown => JSON.parse(readFileSync(file, "utf8")) };
}

/** Puts a helper on the PATH of a command. */
function withHelper(env: { DOCKER_CONFIG: string }, name: string, script: string) {
  const bin = join(env.DOCKER_CONFIG, "bin");
  mkdirSync(bin, { recursive: true });
  const file = join(bin, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return { ...env, PATH: `${bin}${delimiter}${PATH}` };
}

function login(host: string, env: Record<string, string>, stdin = "secret\n", ...more: string[]) {
  return pierhead(["login", host, "-u", "me", "--password-stdin", ...more], { env, stdin });
}

describe.concurrent("pierhead login", TIMEOUT, () => {
  test("keeps what the registry takes, and warns that it is readable", async () => {
    const { host, shown } = await basicRegistry();
    const { env, file, read } = config({ HttpHeaders: { "X-Own": "kept" } });
    const { code, stdout, stderr } = await login(host, env);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${host}: logged in as me, kept in ${file}\n` });
    expect(stderr).toBe(
      `pierhead: warning: ${file} holds the password as readable text; a credential helper (credsStore) would not\n`,
    );
    expect(shown).toEqual([undefined, basic("me:secret")]);
    const auth = Buffer.from("me:secret").toString("base64");
    expect(read()).toEqual({ HttpHeaders: { "X-Own": "kept" }, auths: { [host]: { auth } } });
  });

  test("gives what the registry takes to the helper, and says nothing of text", async () => {
    const { host } = await basicRegistry();
    const { env, read } = config({ credsStore: "keeper" });
    const own = withHelper(env, "keeper", 'cat > "$DOCKER_CONFIG/$1"');
    const { code, stdout, stderr } = await login(host, own);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`${host}: logged in as me, kept in the credential helper keeper\n`);
    const stored = JSON.parse(readFileSync(join(env.DOCKER_CONFIG, "store"), "utf8"));
    expect(stored).toEqual({ ServerURL: host, Username: "me", Secret: "secret" });
    expect(read()).toEqual({ credsStore: "keeper" });
  });

  test("keeps nothing that the registry does not take, and does not say it", async () => {
    const { host } = await basicRegistry();
    const { env, file } = config();
    const result = await login(host, env, "hunter2");
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toMatch(new RegExp(`^${host}: does not take this credential: AUTH_FAILED: `));
    expect(problem(result)).not.toContain("hunter2");
    expect(existsSync(file)).toBe(false);
  });

  test("keeps nothing that could not be tried", async () => {
    const { env, file } = config();
    const result = await login("127.0.0.1:1", env);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toMatch(/^127\.0\.0\.1:1: CONNECTION_FAILED: /);
    expect(existsSync(file)).toBe(false);
  });

  test("says so where the registry asks for nothing", async () => {
    const { env } = config();
    const { code, stderr } = await login(open, env);
    expect(code).toBe(0);
    expect(stderr).toContain(`warning: ${open} asks for no credential here, so this one could not be tried\n`);
  });

  test.each([
    ["a newline", "secret\n"],
    ["a newline of Windows", "secret\r\n"],
    ["nothing", "secret"],
  ])("reads the password from standard input, with %s at its end", async (_, stdin) => {
    const { host } = await basicRegistry();
    expect(await login(host, config().env, stdin)).toMatchObject({ code: 0 });
  });

  test("reads an identity token by the name that helpers have for it", async () => {
    const { env, read } = config();
    const args = ["login", open, "-u", "<token>", "--password-stdin"];
    expect(await pierhead(args, { env, stdin: "it" })).toMatchObject({ code: 0 });
    expect(read()).toEqual({ auths: { [open]: { identitytoken: "it" } } });
  });

  test.each<[string, string[], string, string]>([
    ["no terminal", ["localhost:1"], "", "there is no terminal to ask for the password: give it with --password-stdin"],
    ["no user", ["localhost:1", "--password-stdin"], "x", "--password-stdin needs --username"],
    ["no password", ["localhost:1", "-u", "me", "--password-stdin"], "\n", "standard input has no password"],
    ["a colon", ["localhost:1", "-u", "a:b", "--password-stdin"], "x", "a user name is not empty, and has no colon"],
    ["an empty user", ["localhost:1", "-u", "", "--password-stdin"], "x", "a user name is not empty, and has no colon"],
    ["a repository", ["ghcr.io/me/x"], "", "ghcr.io/me/x is a part of a registry: log in to ghcr.io"],
    ["a name", ["alpine"], "", "alpine: is not a registry: a host has a dot or a port, or is localhost"],
    ["a password that is a file", ["localhost:1", "-u", "me", "--password-stdin"], "x".repeat(65_537), "TOO_LARGE: "],
  ])("does not go on with %s", async (_, args, stdin, message) => {
    const result = await pierhead(["login", ...args], { env: config().env, stdin });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(message);
  });

  test("says which file it could not read, and not what is in it", async () => {
    const { env, file } = config();
    writeFileSync(file, '{"auths":{"x":{"auth":"hunter2"');
    const result = await login(open, env);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(`${file}: is not JSON`);
    expect(result.stderr).not.toContain("hunter2");
  });

  test.each([
    ["takes", 'cat > /dev/null; echo "hunter2 secret"; exit 1', "failed to store, with status 1"],
    ["has", undefined, "there is no program docker-credential-bad on the PATH"],
  ])("says that nothing is kept where no helper %s it", async (_, script, message) => {
    const { env } = config({ credsStore: "bad" });
    const result = await login(open, script === undefined ? env : withHelper(env, "bad", script));
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(`credential helper bad: ${message}`);
    expect(result.stderr).not.toMatch(/hunter2|secret/);
  });
});

describe.concurrent("pierhead logout", TIMEOUT, () => {
  test("removes the credential, and says from where", async () => {
    const { env, file, read } = config({
      auths: { "r.example": { auth: "YTpi" }, "r.example/part": { auth: "YTpi" } },
    });
    const { code, stdout, stderr } = await pierhead(["logout", "https://r.example/v2/"], { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `r.example: removed from ${file}\n` });
    expect(stderr).toBe(
      "pierhead: warning: the credential for r.example/part, a part of the registry, is still kept\n",
    );
    expect(read()).toEqual({ auths: { "r.example/part": { auth: "YTpi" } } });
  });

  test("says where there was none", async () => {
    const { env, file } = config();
    const expected = { code: 0, stdout: "docker.io: no credential was kept\n", stderr: "" };
    expect(await pierhead(["logout", "docker.io"], { env })).toEqual(expected);
    expect(existsSync(file)).toBe(false);
  });
});

const script = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
})();

/** Types answers on a terminal, each when it is asked for; returns what was to be seen. */
function typed(args: string[], env: Record<string, string>, answers: [RegExp, string][]) {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { ...ENVIRONMENT, TERM: "xterm", ...env },
    timeout: 20_000,
  });
  let seen = "";
  const left = [...answers];
  child.stdout.on("data", (chunk: Buffer) => {
    seen = stripVTControlCharacters(seen + chunk.toString("utf8"));
    const [asked, answer] = left[0] ?? [];
    if (asked?.test(seen)) {
      left.shift();
      child.stdin.write(answer);
    }
  });
  return new Promise<{ code: number | null; seen: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, seen }));
  });
}

describe.skipIf(!script)("on a terminal, pierhead login", TIMEOUT, () => {
  test("asks for the user and the password, which does not show", async () => {
    const { host, shown } = await basicRegistry();
    const { env } = config();
    const { code, seen } = await typed(["login", host], env, [
      [/Username: $/, "mee\u007f\r"],
      [/Password: $/, "secret\r"],
    ]);
    expect(seen).toContain(`${host}: logged in as me`);
    expect(seen).not.toContain("secret");
    expect(seen).not.toContain("***");
    expect(code).toBe(0);
    expect(shown.at(-1)).toBe(basic("me:secret"));
  });

  test.each([
    ["Ctrl-C at the user", [[/Username: $/, "\u0003"]], 130],
    [
      "Ctrl-C at the password",
      [
        [/Username: $/, "me\r"],
        [/Password: $/, "sec\u0003"],
      ],
      130,
    ],
    [
      "Ctrl-D",
      [
        [/Username: $/, "me\r"],
        [/Password: $/, "\u0004"],
      ],
      2,
    ],
    ["an empty line", [[/Username: $/, "\r"]], 2],
  ] as [string, [RegExp, string][], number][])("is given up by %s", async (_, answers, expected) => {
    const { env, file } = config();
    const { code, seen } = await typed(["login", open], env, answers);
    expect(code).toBe(expected);
    if (expected === 2) expect(seen).toMatch(/pierhead: no answer to "(?:Username|Password):"/);
    else expect(seen).not.toContain("pierhead:");
    expect(existsSync(file)).toBe(false);
  });
});

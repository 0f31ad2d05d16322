/** Where credentials are found and kept: the files of Docker and podman, and the programs that they name. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { CredentialHelper } from "../../../dist/cli/credentials/helper.js";
import { Keychain } from "../../../dist/cli/credentials/keychain.js";
import { scratch } from "./run.ts";

const cwd = await scratch();
const { PATH } = process.env;
const { signal } = new AbortController();

let homes = 0;

/** A home with files in it, and the keychain that its owner has. */
function home(files: Record<string, unknown> = {}, helpers: Record<string, string> = {}) {
  homes += 1;
  const folder = join(cwd, `home-${homes}`);
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  for (const [path, value] of Object.entries(files)) write(join(folder, path), value);
  for (const [name, script] of Object.entries(helpers)) {
    writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const environment = { HOME: folder, PATH: `${bin}:${PATH}`, XDG_RUNTIME_DIR: join(folder, "run") };
  return {
    folder,
    environment,
    keychain: (more: Record<string, string> = {}) => new Keychain({ ...environment, ...more }, signal),
    read: (path: string): unknown => JSON.parse(readFileSync(join(folder, path), "utf8")),
  };
}

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
}

function auth(text: string): { auth: string } {
  return { auth: Buffer.from(text).toString("base64") };
}

const DOCKER = ".docker/config.json";
const PODMAN = "run/containers/auth.json";
const PODMAN_HOME = ".config/containers/auth.json";
const HUB = "https://index.docker.io/v1/";

/** Keeps what it is given in a file, as the protocol has it. */
const KEEPER = `
store=$(dirname "$0")/store
case $1 in
  get) read -r server; grep -F "\\"$server\\"" "$store" 2>/dev/null && exit 0
    echo "credentials not found in native keychain"; exit 1;;
  store) cat > "$store";;
  erase) rm "$store";;
esac`;

/** Says the same to everything. */
function says(text: string, status = 0): string {
  return `cat > /dev/null; printf '%s' '${text}'; exit ${status}`;
}

describe("a credential in a file", () => {
  test.each<[string, string, object]>([
    ["a host", "registry.example", { "registry.example": auth("me:secret") }],
    ["a host with a port", "registry.example:5000", { "registry.example:5000": auth("me:secret") }],
    ["a host in capitals", "registry.example", { "Registry.Example": auth("me:secret") }],
    ["a URL", "registry.example", { "https://registry.example": auth("me:secret") }],
    ["a URL with a path", "registry.example:5000", { "https://registry.example:5000/v2/": auth("me:secret") }],
    ["a host with a version", "registry.example", { "registry.example/v1/": auth("me:secret") }],
    ["Docker Hub's URL", "docker.io", { [HUB]: auth("me:secret") }],
    ["Docker Hub as podman has it", "docker.io", { "docker.io": auth("me:secret") }],
    ["Docker Hub's host", "docker.io", { "registry-1.docker.io": auth("me:secret") }],
    ["itself before what stands for it", "docker.io", { [HUB]: auth("a:b"), "docker.io": auth("me:secret") }],
    ["what has one, of two", "docker.io", { "docker.io": {}, [HUB]: auth("me:secret") }],
    ["two members", "registry.example", { "registry.example": { username: "me", password: "secret" } }],
    ["zeros at the end", "registry.example", { "registry.example": auth("me:secret\0\0") }],
  ])("is found by %s", async (_, registry, auths) => {
    const { keychain } = home({ [DOCKER]: { auths } });
    expect(await keychain().find(registry)).toEqual({ username: "me", password: "secret" });
  });

  test.each<[string, object, object]>([
    ["a password with colons", auth("me:a:b:"), { username: "me", password: "a:b:" }],
    ["an identity token", { ...auth("me:"), identitytoken: "it" }, { refreshToken: "it" }],
    ["a registry token", { ...auth("me:secret"), registrytoken: "rt" }, { token: "rt" }],
  ])("may be %s", async (_, entry, expected) => {
    const { keychain } = home({ [DOCKER]: { auths: { "registry.example": entry } } });
    expect(await keychain().find("registry.example")).toEqual(expected);
  });

  test.each<[string, unknown]>([
    ["that is empty", {}],
    ["of another type", "bWU6c2VjcmV0"],
    ["whose parts are of another type", { auth: 7, identitytoken: {}, username: null }],
    ["without a colon", auth("secret")],
    ["without a user", auth(":secret")],
    ["null", null],
  ])("is not in an entry %s", async (_, entry) => {
    const { keychain } = home({ [DOCKER]: { auths: { "registry.example": entry } } });
    expect(await keychain().find("registry.example")).toBeUndefined();
  });

  test.each(["registry.example.evil", "evil.registry.example", "registry.example:5000", "registry.exampl"])(
    "is none of another registry: %s",
    async (registry) => {
      const { keychain } = home({ [DOCKER]: { auths: { "registry.example": auth("me:secret") } } });
      expect(await keychain().find(registry, "registry.example")).toBeUndefined();
    },
  );

  test("is that of the longest path to a repository", async () => {
    const names = ["r.example/a/b/c", "r.example/a/b", "r.example/a", "r.example"];
    const auths = Object.fromEntries(names.reverse().map((name) => [name, auth(`me:${name}`)]));
    const { keychain } = home({ [PODMAN]: { auths } });
    const passwords = ["a/b/c", "a/b/d", "a/b", "a/x/b/c", "x/a", "ab"].map(async (repository) => {
      const found = await keychain().find("r.example", repository);
      return found !== undefined && "password" in found ? found.password : undefined;
    });
    expect(await Promise.all(passwords)).toEqual([
      "r.example/a/b/c",
      "r.example/a/b",
      "r.example/a/b",
      "r.example/a",
      "r.example",
      "r.example",
    ]);
  });
});

describe("the files", () => {
  const auths = (name: string) => ({ auths: { "r.example": auth(`me:${name}`) } });
  const all = { [PODMAN]: auths("run"), [PODMAN_HOME]: auths("config"), [DOCKER]: auths("docker") };

  test.each([
    ["podman's of this session", [], "run"],
    ["podman's of the home", [PODMAN], "config"],
    ["Docker's", [PODMAN, PODMAN_HOME], "docker"],
  ])("are read in order: %s", async (_, without, password) => {
    const files = Object.fromEntries(Object.entries(all).filter(([path]) => !without.includes(path)));
    expect(await home(files).keychain().find("r.example")).toEqual({ username: "me", password });
  });

  test("that lack the registry are passed over", async () => {
    const { keychain } = home({ ...all, [PODMAN]: { auths: { "other.example": auth("me:run") } }, [PODMAN_HOME]: {} });
    expect(await keychain().find("r.example")).toEqual({ username: "me", password: "docker" });
  });

  test.each([
    ["REGISTRY_AUTH_FILE", "mine/config.json"],
    ["DOCKER_CONFIG", "mine"],
  ])("that %s names is the only one", async (variable, path) => {
    const { folder, keychain } = home({ ...all, "mine/config.json": { auths: { "x.example": auth("me:mine") } } });
    const environment = { [variable]: join(folder, path) };
    expect(await keychain(environment).find("x.example")).toEqual({ username: "me", password: "mine" });
    expect(await keychain(environment).find("r.example")).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ["no JSON", '{"auths":{"r.example":{"auth":"c2VjcmV0"', /config\.json: is not JSON/],
    ["no object", ["c2VjcmV0"], /config\.json: is not an object/],
    ["too large", " ".repeat(2 ** 20 + 1), /config\.json: is larger than 1048576 bytes/],
  ])("that are %s are named, and not quoted", async (_, content, message) => {
    const error = await home({ [DOCKER]: content })
      .keychain()
      .find("r.example")
      .catch(String);
    expect(error).toMatch(message);
    expect(error).not.toContain("c2VjcmV0");
  });

  test.each([{ auths: 1 }, { auths: [] }, { credHelpers: "x", credsStore: 1 }, {}])(
    "may have nothing: %j",
    async (file) => {
      expect(
        await home({ [DOCKER]: file })
          .keychain()
          .find("r.example"),
      ).toBeUndefined();
    },
  );
});

describe("a helper", () => {
  const answer = JSON.stringify({ ServerURL: "r.example", Username: "me", Secret: "secret" });
  const helpers = { good: says(answer), none: says("credentials not found in native keychain\n", 1) };

  test.each<[string, object]>([
    ["of the registry", { credHelpers: { "r.example": "good" } }],
    ["of the registry, by URL", { credHelpers: { "https://r.example": "good" } }],
    ["of all registries", { credsStore: "good", auths: { "r.example": {} } }],
    ["of the registry, before that of all", { credHelpers: { "r.example": "good" }, credsStore: "none" }],
    ["of the registry, before the file", { credHelpers: { "r.example": "good" }, auths: { "r.example": auth("a:b") } }],
    ["of all registries, before the file", { credsStore: "good", auths: { "r.example": auth("a:b") } }],
  ])("is asked where it is that %s", async (_, file) => {
    const { keychain } = home({ [DOCKER]: file }, helpers);
    expect(await keychain().find("r.example")).toEqual({ username: "me", password: "secret" });
  });

  test("is asked for nothing else", async () => {
    const { keychain } = home({ [DOCKER]: { credHelpers: { "r.example": "good" } } }, helpers);
    expect(await keychain().find("other.example")).toBeUndefined();
  });

  test("that has none leaves the word to the file, unless it is the registry's own", async () => {
    const auths = { "r.example": auth("me:file") };
    const shared = home({ [DOCKER]: { credsStore: "none", auths } }, helpers);
    expect(await shared.keychain().find("r.example")).toEqual({ username: "me", password: "file" });
    const own = home({ [DOCKER]: { credHelpers: { "r.example": "none" }, auths } }, helpers);
    expect(await own.keychain().find("r.example")).toBeUndefined();
  });

  test("knows no repositories: the file does", async () => {
    const { keychain } = home({ [DOCKER]: { credsStore: "good", auths: { "r.example/a": auth("me:part") } } }, helpers);
    expect(await keychain().find("r.example", "a/b")).toEqual({ username: "me", password: "part" });
    expect(await keychain().find("r.example", "b")).toEqual({ username: "me", password: "secret" });
  });

  test("gets the name by which Docker keeps the registry", async () => {
    const echo = `read -r server; printf '{"Username":"me","Secret":"%s"}' "$server"`;
    const { keychain } = home({ [DOCKER]: { credsStore: "echo" } }, { echo });
    expect(await keychain().find("docker.io", "library/alpine")).toEqual({ username: "me", password: HUB });
    expect(await keychain().find("r.example:5000")).toEqual({ username: "me", password: "r.example:5000" });
  });

  test("gives an identity token by its user name", async () => {
    const token = says('{"Username":"<token>","Secret":"it"}');
    const { keychain } = home({ [DOCKER]: { credsStore: "token" } }, { token });
    expect(await keychain().find("r.example")).toEqual({ refreshToken: "it" });
  });

  test("is run once for a registry", async () => {
    const count = `echo x >> "$HOME/count"; ${says(answer)}`;
    const { folder, keychain } = home({ [DOCKER]: { credsStore: "count" } }, { count });
    const own = keychain();
    await Promise.all([own.find("r.example", "a"), own.find("r.example", "a")]);
    await own.find("r.example", "a");
    expect(readFileSync(join(folder, "count"), "utf8")).toBe("x\n");
  });

  test.each<[string, string | undefined, RegExp]>([
    ["is missing", undefined, /there is no program docker-credential-bad on the PATH/],
    ["fails", says("hunter2", 1), /failed to get, with status 1: run echo r\.example \| docker-credential-bad get/],
    ["is ended by a signal", "kill -9 $$", /failed to get, with a signal/],
    ["says nothing", says(""), /answered get with something else/],
    ["says no JSON", says("hunter2"), /answered get with something else/],
    ["says half of it", says('{"Username":"me","Secret":"hunter2'), /answered get with something else/],
    ["lacks a member", says('{"Username":"me","Password":"hunter2"}'), /answered get with something else/],
    ["has others in their place", says('{"Username":"me","Secret":["hunter2"]}'), /answered get with something else/],
    ["says null", says("null"), /answered get with something else/],
    ["never stops talking", "cat > /dev/null; yes hunter2", /answered more than 65536 bytes to get/],
  ])("that %s is named, and not quoted", async (_, script, message) => {
    const { keychain } = home({ [DOCKER]: { credsStore: "bad" } }, script === undefined ? {} : { bad: script });
    const error = await keychain().find("r.example").catch(String);
    expect(error).toMatch(message);
    expect(error).toContain("credential helper bad: ");
    expect(error).not.toContain("hunter2");
  });

  test.each(["../bad", "/bin/sh", "bad; true", "$(bad)", "a b", "", "é"])("has no such name as %j", async (name) => {
    const { keychain } = home({ [DOCKER]: { credHelpers: { "r.example": name } } });
    expect(await keychain().find("r.example").catch(String)).toContain("is not the name of a credential helper");
  });

  test("that cannot be run is named", async () => {
    const { environment, keychain } = home({ [DOCKER]: { credsStore: "plain" } }, { plain: says(answer) });
    chmodSync(join(environment.HOME, "bin", "docker-credential-plain"), 0o644);
    expect(await keychain().find("r.example").catch(String)).toMatch(/credential helper plain: /);
  });

  test.each([
    ["itself", "exec sleep 60"],
    ["what it has started", "sleep 60; true"],
  ])("that never answers is given up, as is %s", async (_, script) => {
    const { environment } = home({}, { slow: script });
    const begun = Date.now();
    const error = await new CredentialHelper("slow", environment, 200).get("r.example", signal).catch(String);
    expect(error).toContain("credential helper slow: did not answer get within 0.2 seconds");
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  test("is ended when the person gives up", async () => {
    const { environment } = home({}, { slow: 'touch "$HOME/begun"; exec sleep 60' });
    const interrupt = new AbortController();
    const got = new CredentialHelper("slow", environment).get("r.example", interrupt.signal);
    await expect.poll(() => existsSync(join(environment.HOME, "begun"))).toBe(true);
    interrupt.abort(new Error("enough"));
    await expect(got).rejects.toThrow("enough");
  });
});

describe("what is kept", () => {
  test("goes to Docker's file, which nobody else can read, and is found there", async () => {
    const { folder, keychain, read } = home();
    expect(await keychain().keep("r.example", "me", "sécret:")).toEqual({ name: join(folder, DOCKER), plain: true });
    expect(read(DOCKER)).toEqual({ auths: { "r.example": auth("me:sécret:") } });
    expect(statSync(join(folder, DOCKER)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, ".docker")).mode & 0o777).toBe(0o700);
    expect(await keychain().find("r.example")).toEqual({ username: "me", password: "sécret:" });
  });

  test("leaves all else in the file as it was", async () => {
    const before = {
      HttpHeaders: { a: "b" },
      auths: { "x.example": { ...auth("a:b"), email: "e" } },
      other: [1, null],
    };
    const { keychain, read } = home({ [DOCKER]: before });
    await keychain().keep("docker.io", "me", "secret");
    expect(read(DOCKER)).toEqual({ ...before, auths: { ...before.auths, [HUB]: auth("me:secret") } });
    await keychain().forget("index.docker.io");
    expect(read(DOCKER)).toEqual(before);
  });

  test("is not lost to others that are kept, or forgotten, meanwhile", async () => {
    const { folder, keychain, read } = home({ [DOCKER]: { auths: { "gone.example": auth("a:b") } } });
    const names = Array.from({ length: 8 }, (_, index) => `r${index}.example`);
    await Promise.all([
      ...names.map((name) => keychain().keep(name, "me", "secret")),
      keychain().forget("gone.example"),
    ]);
    expect(read(DOCKER)).toEqual({ auths: Object.fromEntries(names.map((name) => [name, auth("me:secret")])) });
    expect(readdirSync(join(folder, dirname(DOCKER)))).toEqual([basename(DOCKER)]);
  });

  test("takes the place of what was kept under another key, and in another file", async () => {
    const { keychain, read } = home({ [PODMAN]: { auths: { "docker.io": auth("old:old") } }, [DOCKER]: {} });
    await keychain().keep("docker.io", "me", "secret");
    expect(read(PODMAN)).toEqual({ auths: { [HUB]: auth("me:secret") } });
    expect(read(DOCKER)).toEqual({});
    expect(await keychain().find("docker.io")).toEqual({ username: "me", password: "secret" });
  });

  test("goes to the file of the environment", async () => {
    const { folder, keychain, read } = home();
    await keychain({ REGISTRY_AUTH_FILE: join(folder, "mine/auth.json") }).keep("r.example", "<token>", "it");
    expect(read("mine/auth.json")).toEqual({ auths: { "r.example": { identitytoken: "it" } } });
  });

  test.each<[string, object]>([
    ["of all registries", { credsStore: "keeper" }],
    ["of the registry", { credHelpers: { "r.example": "keeper" }, credsStore: "missing" }],
  ])("goes to the helper %s, and leaves no word in the file", async (_, file) => {
    const { folder, keychain, read } = home(
      { [DOCKER]: { ...file, auths: { "r.example": auth("old:old") } } },
      { keeper: KEEPER },
    );
    const place = { name: "the credential helper keeper", plain: false };
    expect(await keychain().keep("r.example", "me", "secret")).toEqual(place);
    expect(read(DOCKER)).toEqual({ ...file, auths: {} });
    expect(readFileSync(join(folder, "bin", "store"), "utf8")).toContain("secret");
    expect(await keychain().find("r.example")).toEqual({ username: "me", password: "secret" });
    expect(await keychain().forget("r.example")).toEqual({ places: [place], left: [] });
    expect(existsSync(join(folder, "bin", "store"))).toBe(false);
  });

  test("is said to be lost if the helper fails", async () => {
    const { keychain } = home({ [DOCKER]: { credsStore: "bad" } }, { bad: says("hunter2", 1) });
    const error = await keychain().keep("r.example", "me", "hunter2").catch(String);
    expect(error).toMatch(/credential helper bad: failed to store, with status 1/);
    expect(error).not.toContain("hunter2");
  });

  test("follows a link, which stays", async () => {
    const { folder, keychain, read } = home({ "elsewhere/config.json": { other: 1 } });
    mkdirSync(join(folder, ".docker"));
    symlinkSync("../elsewhere/config.json", join(folder, DOCKER));
    await keychain().keep("r.example", "me", "secret");
    expect(lstatSync(join(folder, DOCKER)).isSymbolicLink()).toBe(true);
    expect(read("elsewhere/config.json")).toMatchObject({ other: 1, auths: { "r.example": {} } });
  });

  test("is forgotten in every file, and what is for a part of the registry is named", async () => {
    const auths = { "r.example": auth("me:a"), "https://r.example/v2/": auth("me:b"), "r.example/part": auth("me:c") };
    const { folder, keychain, read } = home({ [PODMAN]: { auths }, [DOCKER]: { auths } });
    const places = [PODMAN, DOCKER].map((path) => ({ name: join(folder, path), plain: true }));
    const left = ["r.example/part", "r.example/part"];
    expect(await keychain().forget("r.example")).toEqual({ places, left });
    expect(read(PODMAN)).toEqual({ auths: { "r.example/part": auth("me:c") } });
    expect(await keychain().find("r.example")).toBeUndefined();
    expect(await keychain().forget("r.example")).toEqual({ places: [], left });
  });
});

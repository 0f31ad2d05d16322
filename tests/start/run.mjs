/** `npm start` as a newcomer runs it, and the very commands that it prints. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "../../scripts/lib/project.mjs";
import { capture, isInstalled } from "../../scripts/lib/run.mjs";
import { Layout } from "../support/layout.mjs";
import { fixtureLayout } from "../support/registry.mjs";
import { check, conclude } from "./count.mjs";

/** Long enough for a cold start on a busy machine, in milliseconds. */
const START_TIMEOUT = 60_000;

/** Without the tools that npm installed: a newcomer's own Node has to do. */
const path = process.env.PATH.split(delimiter).filter((folder) => !folder.endsWith(join("node_modules", ".bin")));
const newcomers = { ...process.env, PATH: path.join(delimiter) };

/** Where the third command pulls to. */
const pulled = join(root, ".pierhead", "hello");
await rm(pulled, { recursive: true, force: true });
/** What the registry keeps, so that it is not that of whoever runs this. */
const store = await mkdtemp(join(tmpdir(), "pierhead-start-"));

let printed = "";
const server = start();
const ready = await Promise.race([readUntil(server, "Ctrl-C"), server.ended, expiry()]);
const printedCommands = printed
  .split("\n")
  .filter((line) => line.startsWith("  $ "))
  .map((line) => line.slice(4));
const commands = printedCommands.filter((command) => !/^(skopeo|docker) /.test(command));
const image = await Layout.read(fixtureLayout);

await check("it starts and says where it serves", async () => {
  assert.equal(ready, true, `it printed only: ${printed}`);
  assert.match(printed, /hosts images at http:\/\/127\.0\.0\.1:\d+\/v2\//);
});

await check("it prints four commands, and one for each of two other tools", async () => {
  assert.deepEqual([commands.length, printedCommands.length], [4, 6], printed);
});

const everything = [...image.manifests.keys(), ...image.blobs.keys()];
for (const [at, command] of commands.entries()) {
  await check(`command ${at + 1} succeeds and shows every digest: ${command}`, async () => {
    const { code, output } = await capture("sh", ["-c", command], { cwd: root, env: newcomers });
    assert.equal(code, 0, output);
    for (const digest of everything) assert.ok(output.includes(digest), `${digest} is not in\n${output}`);
  });
}

await check("the pulled layout holds the image's bytes, and nothing that its digests do not name", async () => {
  const blobs = join(pulled, "blobs", "sha256");
  for (const name of await readdir(blobs)) {
    const bytes = await readFile(join(blobs, name));
    assert.equal(createHash("sha256").update(bytes).digest("hex"), name);
    assert.deepEqual(bytes, await readFile(join(fixtureLayout, "blobs", "sha256", name)));
  }
  assert.equal((await readdir(blobs)).length, everything.length);
});

await check("the command for skopeo works where it is installed, and CI has it", async () => {
  if (process.env.CI !== "true" && !isInstalled("skopeo")) return;
  const command = printedCommands.find((line) => line.startsWith("skopeo "));
  const { code, output } = await capture("sh", ["-c", command], { cwd: root, env: newcomers });
  assert.equal(code, 0, output);
});

await check("it answers to this machine's own names alone, and lets no page read", async () => {
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(printed);
  for (const [host, status] of [
    [`localhost:${port}`, 200],
    [`127.0.0.1:${port}`, 200],
    [`rebound.example:${port}`, 403],
  ]) {
    const answer = await asked(port, host);
    assert.deepEqual([host, answer.statusCode], [host, status]);
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  }
});

await check("it ends in order when it is told to", () => stopped(server));

await check("what was pushed is there when it is started anew", async () => {
  printed = "";
  const again = start();
  await Promise.race([readUntil(again, "Ctrl-C"), again.ended, expiry()]);
  const [url] = /http:\/\/127\.0\.0\.1:\d+\/v2\//.exec(printed);
  const answer = await fetch(`${url}hello/manifests/1.0`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), image.manifest("1.0").bytes);
  await stopped(again);
});

await rm(store, { recursive: true, force: true });
conclude();

function start() {
  const child = spawn(process.execPath, [join(root, "scripts", "start.mjs")], {
    cwd: root,
    env: { ...process.env, PORT: "0", UPSTREAM: "", STORE: store },
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  return Object.assign(child, { ended: once(child, "exit") });
}

/** What `fetch` would not: a name that is not the address. */
async function asked(port, host) {
  const headers = { host, origin: "https://page.example" };
  const [answer] = await once(get({ port, host: "127.0.0.1", path: "/v2/_catalog", headers }), "response");
  answer.resume();
  return answer;
}

async function stopped(child) {
  child.kill("SIGTERM");
  const [code] = await Promise.race([child.ended, expiry()]);
  assert.equal(code, 0);
}

async function readUntil(child, mark) {
  for await (const text of child.stdout.setEncoding("utf8")) {
    printed += text;
    if (printed.includes(mark)) return true;
  }
  return false;
}

function expiry() {
  return new Promise((resolve) => {
    setTimeout(resolve, START_TIMEOUT, ["timeout"]).unref();
  });
}

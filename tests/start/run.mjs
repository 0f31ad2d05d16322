/** `npm start` as a newcomer runs it, and the very commands that it prints. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, rm } from "node:fs/promises";
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

/** Where the second command pulls to. */
const pulled = join(root, ".pierhead", "hello");
await rm(pulled, { recursive: true, force: true });

const server = spawn(process.execPath, [join(root, "scripts", "start.mjs")], {
  cwd: root,
  env: { ...process.env, PORT: "0", UPSTREAM: "" },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(server, "exit");
let printed = "";
const ready = await Promise.race([readUntil("Ctrl-C"), ended, expiry()]);
const commands = printed
  .split("\n")
  .filter((line) => line.startsWith("  $ "))
  .map((line) => line.slice(4));
const image = await Layout.read(fixtureLayout);

await check("it starts and says where it serves", async () => {
  assert.equal(ready, true, `it printed only: ${printed}`);
  assert.match(printed, /serves http:\/\/127\.0\.0\.1:\d+\/v2\//);
});

await check("it reads from a real registry where one is installed, and CI has one", async () => {
  if (process.env.CI === "true") assert.ok(isInstalled("docker-registry"), "docker-registry is not installed");
  assert.match(printed, isInstalled("docker-registry") ? /Debian's docker-registry\./ : /test registry/);
});

await check("it prints three commands", async () => assert.equal(commands.length, 3, printed));

const everything = [...image.manifests.keys(), ...image.blobs.keys()];
for (const [at, command] of commands.entries()) {
  await check(`command ${at + 1} succeeds and shows every digest: ${command}`, async () => {
    const { code, stdout, output } = await capture("sh", ["-c", command], { cwd: root, env: newcomers });
    assert.equal(code, 0, output);
    for (const digest of everything) assert.ok(stdout.includes(digest), `${digest} is not in\n${output}`);
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

await check("it ends in order when it is told to", async () => {
  server.kill("SIGTERM");
  const [code] = await Promise.race([ended, expiry()]);
  assert.equal(code, 0);
});

server.kill("SIGKILL");
conclude();

async function readUntil(mark) {
  for await (const text of server.stdout.setEncoding("utf8")) {
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

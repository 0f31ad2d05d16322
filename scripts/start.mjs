/**
 * `npm start`: the Worker of `examples/worker` in workerd on 127.0.0.1:${PORT:-5000}. It reads from $UPSTREAM, or
 * from a small registry on loopback that this script fills with an image, so that no network is needed.
 */
import { Layout } from "../tests/support/layout.mjs";
import { fixtureLayout } from "../tests/support/registry.mjs";
import { fail, say } from "./lib/project.mjs";
import { startUpstream } from "./lib/upstream.mjs";
import { startWorker } from "./lib/worker.mjs";

const port = Number(process.env.PORT || 5000);
if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`pierhead: PORT is not a port: ${process.env.PORT}`);

const started = [];
try {
  const upstream = process.env.UPSTREAM ? { url: process.env.UPSTREAM, what: "UPSTREAM" } : await startUpstream();
  started.push(upstream);
  const worker = await startWorker({ upstream: upstream.url, port });
  started.push(worker);
  console.log(`Pierhead serves ${worker.url}/v2/ from ${upstream.url}, ${upstream.what}.\n`);
  console.log(process.env.UPSTREAM ? forAnyImage(worker) : await forTheFixture(worker));
  console.log("\nCtrl-C ends it.");
} catch (error) {
  await stop();
  const taken = /EADDRINUSE|address already in use/i.test(error.message);
  fail(`pierhead: ${taken ? `port ${port} is taken: set PORT to another` : error.message}`);
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  // Miniflare's own listener ends the process at once, and would leave the registry behind.
  process.removeAllListeners(signal);
  process.once(signal, async () => {
    await stop();
    process.exit(0);
  });
}

/** The three commands to try next; each reads through the front. */
async function forTheFixture({ url, host }) {
  const { blobs } = await Layout.read(fixtureLayout);
  const [{ digest }] = [...blobs.values()].sort((one, other) => other.bytes.length - one.bytes.length);
  return commands([
    [
      "Pull the image, every byte verified, and show what it is made of:",
      `npm run -s pierhead -- inspect ${host}/hello:1.0`,
    ],
    [
      "Check its index against the specification:",
      `curl -sSf ${url}/v2/hello/manifests/1.0 | npm run -s pierhead -- validate -`,
    ],
    [
      "Pull a layer and see that its digest is its name:",
      `curl -sSf ${url}/v2/hello/blobs/${digest} | npm run -s pierhead -- digest -`,
    ],
  ]);
}

function forAnyImage({ host }) {
  return commands([["Pull an image, every byte verified:", `npm run -s pierhead -- inspect ${host}/REPOSITORY:TAG`]]);
}

function commands(list) {
  return `Try in another terminal:\n${list.map(([what, command]) => `\n  # ${what}\n  ${command}`).join("\n")}`;
}

/** Ends what was started, the last first. */
async function stop() {
  for (const one of started.reverse()) {
    await one.close?.().catch((error) => say(`pierhead: ${error.message}`));
  }
}

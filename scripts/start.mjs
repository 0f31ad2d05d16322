/**
 * `npm start`: the Worker of `examples/worker` in workerd on 127.0.0.1:${PORT:-5000}. It reads from $UPSTREAM, or
 * from a small registry on loopback that this script fills with an image, so that no network is needed.
 */
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
  console.log(commandsFor(process.env.UPSTREAM ? "REPOSITORY:TAG" : "hello:1.0", worker));
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

/** The three commands to try next: pull through the front, and see that what came is what was asked for. */
function commandsFor(image, { host }) {
  const folder = `.pierhead/${image.split(":")[0]}`;
  const list = [
    ["Show what the image is made of, every byte verified:", `npm run -s pierhead -- inspect ${host}/${image}`],
    [
      "Pull it into an OCI image layout, every byte verified:",
      `node examples/node/pull.mjs ${host} ${image} ${folder} --plain-http`,
    ],
    ["Check what came: each file's digest is its name:", `npm run -s pierhead -- digest ${folder}/blobs/sha256/*`],
  ];
  return `Try in another terminal:\n${list.map(([what, command]) => `\n  # ${what}\n  $ ${command}`).join("\n")}`;
}

/** Ends what was started, the last first. */
async function stop() {
  for (const one of started.reverse()) {
    await one.close?.().catch((error) => say(`pierhead: ${error.message}`));
  }
}

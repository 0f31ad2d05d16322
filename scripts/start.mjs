/**
 * `npm start`: the Worker of `examples/worker` in workerd on 127.0.0.1:${PORT:-5000}: a registry, whose bucket is kept in the folder
 * ${STORE:-.pierhead/registry}. With $UPSTREAM it serves that registry's images instead. No network is needed. It answers to this machine's own
 * names alone, and to no page but those of the origins in $CORS.
 */
import { join, relative, resolve } from "node:path";
import { fixtureLayout } from "../tests/support/layout.mjs";
import { fail, root, say } from "./lib/project.mjs";
import { startWorker } from "./lib/worker.mjs";

const { UPSTREAM: upstream, CORS: cors = "none", STORE: store = join(".pierhead", "registry") } = process.env;
const port = Number(process.env.PORT || 5000);
if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`pierhead: PORT is not a port: ${process.env.PORT}`);

let worker;
try {
  const reached = { hosts: "localhost", cors, port };
  worker = await startWorker(upstream ? { upstream, ...reached } : { bucket: resolve(root, store), ...reached });
  if (upstream) console.log(`Pierhead serves ${worker.url}/v2/ from ${upstream}.\n`);
  else console.log(`Pierhead hosts images at ${worker.url}/v2/, and keeps them in ${store}.\n`);
  console.log(commandsFor(worker));
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

/** What to try next: push, and see that what comes back is what was pushed. */
function commandsFor({ host }) {
  const image = upstream ? "REPOSITORY:TAG" : "hello:1.0";
  const folder = join(".pierhead", image.split(":")[0]);
  const layout = `oci:${relative(root, fixtureLayout)}:1.0`;
  const push = [
    ["Push the image of two platforms that the tests use:", `npm run -s pierhead -- push ${layout} ${host}/${image}`],
  ];
  const pull = [
    ["Show what the image is made of, every byte verified:", `npm run -s pierhead -- inspect ${host}/${image}`],
    [
      "Pull it into an OCI image layout, every byte verified:",
      `node examples/node/pull.mjs ${host} ${image} ${folder} --plain-http`,
    ],
    ["Check what came: each file's digest is its name:", `npm run -s pierhead -- digest ${folder}/blobs/sha256/*`],
  ];
  const others = [
    ["With skopeo:", `skopeo copy --all --dest-tls-verify=false ${layout} docker://${host}/hello:skopeo`],
    ["With docker:", `docker tag IMAGE ${host}/IMAGE && docker push ${host}/IMAGE`],
  ];
  const shown = (list, mark) => list.map(([what, command]) => `\n  # ${what}\n  ${mark} ${command}`).join("\n");
  if (upstream) return `Try in another terminal:\n${shown(pull, "$")}`;
  return `Try in another terminal:\n${shown([...push, ...pull], "$")}\n\nOr push images of your own:\n${shown(others, "$")}`;
}

/** Ends what was started. */
async function stop() {
  await worker?.close().catch((error) => say(`pierhead: ${error.message}`));
}

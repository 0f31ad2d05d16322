/**
 * A push of an image of 20 layers, 500 MB, from a layout to a registry: `pierhead copy` against `skopeo copy`, each run a
 * process of its own, to a docker-registry of its own that holds nothing.
 *
 * Both do the same: ask whether each blob is there, read it from the layout and send it, and put the manifest as it is.
 * skopeo hashes what it sends, and up to six layers at once; the registry hashes what it gets. An empty registry each time,
 * because skopeo remembers on this machine which registry has which blob, and would mount it. It writes to memory.
 */
import { rmSync } from "node:fs";
import { pushed, tools } from "../tests/peers/lib/tools.mjs";
import { startPeer } from "../tests/support/registries.mjs";
import { imageLayout } from "./lib/image.mjs";
import { median, rate } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const SHAPE = { layers: 20, layerBytes: 25_000_000 };
const SIZE = SHAPE.layers * SHAPE.layerBytes;
const ROUNDS = 5;

export async function run() {
  const image = imageLayout(SHAPE);
  const { folder: scratch, where } = scratchFor(2 * SIZE);
  const times = { pierhead: [], skopeo: [] };
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      for (const tool of Object.keys(times)) {
        const time = await timedPush(tool, image, scratch);
        // The first round warms up.
        if (round > 0) times[tool].push(time);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const [ours, theirs] = [median(times.pierhead), median(times.skopeo)];
  const ratio = ours / theirs;
  return [
    {
      what: `push of 20 layers, 500 MB, from layout to registry in ${where}, to skopeo`,
      figure: `${ratio.toFixed(2)}× (${rate(SIZE, ours)}, skopeo ${rate(SIZE, theirs)})`,
      target: "≤ 1.0×",
      met: ratio <= 1,
    },
  ];
}

/** Milliseconds that the push took; starting the registry and looking at what it got is not counted. */
async function timedPush(tool, image, scratch) {
  const registry = await startPeer("docker-registry", { base: scratch });
  try {
    const start = performance.now();
    await pushed(tools[tool], image.folder, image.tag, `${registry.host}/bench/image:${image.tag}`, { home: scratch });
    const time = performance.now() - start;
    for (const { digest, size } of image.blobs) await isThere(registry.url, digest, size, digest === image.digest);
    return time;
  } finally {
    await registry.close();
  }
}

async function isThere(url, digest, size, isManifest) {
  const path = `${url}/v2/bench/image/${isManifest ? "manifests" : "blobs"}/${digest}`;
  const headers = { Accept: "application/vnd.oci.image.manifest.v1+json" };
  const response = await fetch(path, { method: "HEAD", headers });
  if (Number(response.headers.get("content-length")) !== size) throw new Error(`${digest} was not pushed`);
}

/**
 * The peak of resident memory of `pierhead copy`, a process of its own, for images of 20 layers: from a registry to a
 * layout and back, of 500 MB and of 5 GB. The registry is this process; it makes the layers as they are read and forgets
 * them as they come. What is measured has to stay the same however large the image is.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isInstalled } from "../scripts/lib/run.mjs";
import { environment, tools } from "../tests/peers/lib/tools.mjs";
import { startGeneratedRegistry } from "./lib/generated-registry.mjs";
import { largeImage, writeLargeLayout } from "./lib/large-image.mjs";
import { median } from "./lib/measure.mjs";
import { peakMemory } from "./lib/peak.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const LAYERS = 20;
const SIZES = [
  { what: "500 MB", bytes: 500e6, rounds: 3 },
  { what: "5 GB", bytes: 5e9, rounds: 1 },
];
const LIMIT = 160e6;

export async function run() {
  const rows = [];
  for (const { what, bytes, rounds } of SIZES) {
    const ours = await peaks("pierhead", bytes, rounds);
    const theirs = isInstalled("skopeo") ? await peaks("skopeo", bytes, 1) : undefined;
    for (const way of ["pull", "push"]) {
      const beside = theirs === undefined ? "" : ` (skopeo ${megabytes(theirs[way])})`;
      rows.push({
        what: `peak of resident memory, CLI, ${way} of 20 layers, ${what}`,
        figure: `${megabytes(ours[way])}${beside}`,
        target: "≤ 160 MB",
        met: ours[way] <= LIMIT,
      });
    }
  }
  return rows;
}

async function peaks(name, bytes, rounds) {
  const tool = tools[name];
  const image = largeImage({ layers: LAYERS, layerBytes: bytes / LAYERS });
  const { folder: scratch } = scratchFor(bytes);
  const registry = await startGeneratedRegistry({ image });
  const as = { home: scratch };
  const env = environment(as);
  const layout = join(scratch, "layout");
  const target = join(scratch, "target");
  const measured = { pull: [], push: [] };
  try {
    writeLargeLayout(image, layout);
    for (let round = 0; round < rounds; round++) {
      const pull = tool.pull(`${registry.host}/image:${image.tag}`, target, image.tag, as);
      measured.pull.push(await peakMemory(tool.program, pull, { env }));
      rmSync(target, { recursive: true });
      registry.pushed.clear();
      const push = tool.push(layout, image.tag, `${registry.host}/empty:${image.tag}`, as);
      measured.push.push(await peakMemory(tool.program, push, { env }));
      // The layers, the config and the manifest.
      if (registry.pushed.size !== LAYERS + 2) throw new Error(`${name} pushed ${registry.pushed.size} blobs`);
    }
  } finally {
    registry.close();
    rmSync(scratch, { recursive: true, force: true });
  }
  return { pull: median(measured.pull), push: median(measured.push) };
}

function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}

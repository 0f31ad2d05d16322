/**
 * A copy of an image of 20 layers, 500 MB, from a registry to a layout: `pierhead copy` against `skopeo copy`, each run a
 * process of its own.
 *
 * Both do the same: read manifest and blobs from the same docker-registry, keep every byte, hash every blob while it is
 * written, and make a new layout. Neither decompresses a layer. skopeo syncs each file to disk, so both write to memory,
 * where that costs nothing; it copies up to six layers at once.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pushLayout } from "../scripts/lib/push-layout.mjs";
import { pulled, tools } from "../tests/peers/lib/tools.mjs";
import { startPeer } from "../tests/support/registries.mjs";
import { imageLayout } from "./lib/image.mjs";
import { interleave, rate } from "./lib/measure.mjs";
import { scratchFor } from "./lib/scratch.mjs";

const SHAPE = { layers: 20, layerBytes: 25_000_000 };
const SIZE = SHAPE.layers * SHAPE.layerBytes;
const ROUNDS = 5;

export async function run() {
  const image = imageLayout(SHAPE);
  const { folder: scratch, where } = scratchFor(3 * SIZE);
  const registry = await startPeer("docker-registry", { base: scratch });
  try {
    await pushLayout(registry.url, "bench/image", image.folder);
    const source = `${registry.host}/bench/image:${image.tag}`;
    let copies = 0;
    const copied = async (tool) => {
      const target = join(scratch, `copy-${copies++}`);
      await pulled(tools[tool], source, target, image.tag, { home: scratch });
      const written = readdirSync(join(target, "blobs", "sha256")).length;
      if (written !== image.blobs.length) throw new Error(`${tool} wrote ${written} blobs, not ${image.blobs.length}`);
      rmSync(target, { recursive: true });
    };
    const { ours, theirs } = await interleave(
      { ours: () => copied("pierhead"), theirs: () => copied("skopeo") },
      ROUNDS,
    );
    const ratio = ours / theirs;
    return [
      {
        what: `copy of 20 layers, 500 MB, from registry to layout in ${where}, to skopeo`,
        figure: `${ratio.toFixed(2)}× (${rate(SIZE, ours)}, skopeo ${rate(SIZE, theirs)})`,
        target: "≤ 1.0×",
        met: ratio <= 1,
      },
    ];
  } finally {
    await registry.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

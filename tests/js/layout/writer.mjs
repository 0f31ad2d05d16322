/**
 * A process that writes to a layout: `node writer.mjs FOLDER NAME COUNT` adds images, and `node writer.mjs FOLDER stall`
 * begins a blob, says so, and never ends it; `node writer.mjs FOLDER hold` holds the lock of the index and never gives it back.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { openLayout } from "pierhead/layout";

const [folder = "", name = "", count = "0"] = process.argv.slice(2);
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

function part(mediaType, value) {
  const bytes = new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

const layout = await openLayout(folder, { create: true });

async function put({ descriptor, bytes }) {
  await layout.put({ ...descriptor, annotations: {}, urls: [] }, new Blob([bytes]).stream());
}

if (name === "hold") {
  writeFileSync(join(folder, "index.json.lock"), "another", { flag: "wx" });
  console.log("holding");
} else if (name === "stall") {
  const { descriptor, bytes } = part("text/plain", "x".repeat(2_000_000));
  const never = new ReadableStream({ start: (controller) => controller.enqueue(bytes.subarray(0, 1_000_000)) });
  const onProgress = () => setTimeout(() => console.log("begun"), 50);
  setInterval(() => {}, 1000);
  await layout.put({ ...descriptor, annotations: {}, urls: [] }, never, { onProgress });
} else {
  for (let index = 0; index < Number(count); index += 1) {
    const layer = part("application/vnd.oci.image.layer.v1.tar", `layer ${index}`);
    const rootfs = { type: "layers", diff_ids: [layer.descriptor.digest] };
    const config = part("application/vnd.oci.image.config.v1+json", {
      os: "linux",
      architecture: "amd64",
      author: name,
      rootfs,
    });
    const { descriptor: own } = config;
    const manifest = part(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config: own, layers: [layer.descriptor] });
    for (const one of [config, layer, manifest]) await put(one);
    const { descriptor } = manifest;
    await layout.tag({ ...descriptor, annotations: {}, urls: [] }, `${name}-${index}`);
    await layout.tag({ ...descriptor, annotations: {}, urls: [] }, "latest");
  }
}

/** Starts what the cases talk to, and describes it. */

import { Layout } from "../support/layout.mjs";
import { fixtureLayout, startRegistry } from "../support/registry.mjs";

/**
 * @param {import("./case.ts").Facts["runtime"]} runtime
 * @returns {Promise<{facts: import("./case.ts").Facts, close(): Promise<void>}>}
 */
export async function startFacts(runtime) {
  const [registry, privateRegistry, image] = await Promise.all([
    startRegistry(),
    startRegistry({ auth: true }),
    imageFacts(),
  ]);
  return {
    facts: { runtime, registry: origin(registry), privateRegistry: origin(privateRegistry), image },
    close: async () => {
      await Promise.all([registry.close(), privateRegistry.close()]);
    },
  };
}

function origin({ url, host }) {
  return { url, host };
}

async function imageFacts() {
  const layout = await Layout.read(fixtureLayout);
  const tag = "1.0";
  const index = layout.manifest(tag);
  const [{ digest }] = JSON.parse(index.bytes).manifests;
  const manifest = layout.manifest(digest);
  const [layer] = JSON.parse(manifest.bytes).layers.toSorted((one, other) => other.size - one.size);
  return {
    repository: "hello",
    tag,
    index: { digest: index.digest, size: index.bytes.length },
    manifest: { digest, size: manifest.bytes.length },
    layer: { digest: layer.digest, size: layer.size },
  };
}

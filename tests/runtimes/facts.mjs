/** Starts what the cases talk to, and describes it. */
import { startUpstream } from "../../scripts/lib/upstream.mjs";
import { startWorker } from "../../scripts/lib/worker.mjs";
import { Layout } from "../support/layout.mjs";
import { fixtureLayout, startRegistry } from "../support/registry.mjs";

/**
 * @param {import("./case.ts").Facts["runtime"]} runtime
 * @returns {Promise<{facts: import("./case.ts").Facts, close(): Promise<void>}>}
 */
export async function startFacts(runtime) {
  const [registry, privateRegistry, upstream, image] = await Promise.all([
    startRegistry(),
    startRegistry({ auth: true }),
    startUpstream(),
    imageFacts(),
  ]);
  const front = await startWorker({ upstream: upstream.url });
  return {
    facts: {
      runtime,
      registry: origin(registry),
      privateRegistry: origin(privateRegistry),
      front: origin(front),
      image,
    },
    close: async () => {
      await front.close();
      await Promise.all([registry.close(), privateRegistry.close(), upstream.close()]);
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

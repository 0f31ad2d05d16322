/** Builds the page of `examples/validator`, and serves it on loopback as any host of static files would. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, preview } from "vite";
import { root } from "./project.mjs";

const example = join(root, "examples", "validator");

/** @returns {Promise<{url: string, close(): Promise<void>}>} */
export async function serveValidator() {
  const cache = join(root, "node_modules", ".cache", "pierhead");
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "validator-"));
  const settings = { configFile: join(example, "vite.config.ts"), logLevel: "warn" };
  await build({ ...settings, build: { outDir } });
  const server = await preview({ ...settings, build: { outDir }, preview: { port: 0 } });
  return {
    url: server.resolvedUrls.local[0],
    close: async () => {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

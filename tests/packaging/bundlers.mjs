/** Bundles a consumer's program with each bundler, as its users do: defaults, for browsers or for Workers. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { Miniflare } from "miniflare";

/** Each returns the path of a bundle that has no imports. */
export const bundlers = {
  async vite(folder) {
    const { build } = await import("vite");
    const outDir = join(folder, "out-vite");
    await build({
      root: folder,
      configFile: false,
      logLevel: "error",
      build: {
        outDir,
        // The polyfill for preloading touches the document, which Node does not have.
        modulePreload: false,
        rolldownOptions: { input: join(folder, "print.mjs"), output: { entryFileNames: "print.mjs" } },
      },
    });
    return join(outDir, "print.mjs");
  },

  async webpack(folder) {
    const { default: webpack } = await import("webpack");
    const path = join(folder, "out-webpack");
    const compiler = webpack({
      context: folder,
      mode: "production",
      entry: "./print.mjs",
      target: ["web", "es2022"],
      output: { path, filename: "print.mjs", module: true },
      experiments: { outputModule: true },
      performance: false,
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    const problems = [...errors, ...warnings].map(({ message }) => message);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return join(path, "print.mjs");
  },

  async esbuild(folder) {
    const outfile = join(folder, "out-esbuild", "print.mjs");
    await esbuild.build({ ...ESBUILD, entryPoints: [join(folder, "print.mjs")], outfile });
    return outfile;
  },
};

const ESBUILD = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  logLevel: "error",
};

/** Bundles the Worker as wrangler does, and returns what it answers in workerd. */
export async function answerOfWorker(folder) {
  const outfile = join(folder, "out-worker", "worker.mjs");
  await esbuild.build({
    ...ESBUILD,
    entryPoints: [join(folder, "worker.mjs")],
    outfile,
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
  });
  const names = (await readdir(dirname(outfile))).filter((name) => name.endsWith(".wasm"));
  if (names.length === 0) throw new Error("the bundle imports no .wasm module, so it has it inlined");
  const wasm = names.map(async (name) => ({
    type: "CompiledWasm",
    path: name,
    contents: await readFile(join(dirname(outfile), name)),
  }));
  const worker = new Miniflare({
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: await readFile(outfile, "utf8") },
      ...(await Promise.all(wasm)),
    ],
    compatibilityDate: "2025-01-01",
    cf: false,
  });
  try {
    const response = await worker.dispatchFetch("http://consumer.test");
    return (await response.text()).trim();
  } finally {
    await worker.dispose();
  }
}

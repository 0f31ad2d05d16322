/** Our hash in WebAssembly against hash-wasm's, in Node and in Chromium. */
import { runInChromium } from "../tests/runtimes/chromium.mjs";
import { bundle } from "./lib/bundle.mjs";
import { rate } from "./lib/measure.mjs";
import { measure, SIZE } from "./wasm-hash.page.mjs";

export async function run() {
  const page = await bundle("wasm-hash.page.mjs", ["browser", "import"]);
  return [row("Node", await measure()), row("Chromium", await runInChromium(page, null))];
}

function row(runtime, { ours, theirs }) {
  const ratio = theirs / ours;
  return {
    what: `SHA-256 in wasm, 1 MiB chunks, to hash-wasm, ${runtime}`,
    figure: `${ratio.toFixed(2)}× (${rate(SIZE, ours)})`,
    target: "≥ 1.0×",
    met: ratio >= 1,
  };
}

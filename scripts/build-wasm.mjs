/** `npm run build:wasm`: builds `pkg/core` and `pkg/front` from the crate. */
import { join } from "node:path";
import { fail, root, say } from "./lib/project.mjs";
import { buildAllWasm, missingTools } from "./lib/wasm-build.mjs";

const missing = missingTools();
if (missing.length > 0) fail(`pierhead: build:wasm needs\n  ${missing.join("\n  ")}`);

const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
try {
  await buildAllWasm({ out: join(root, "pkg"), target: join(target, "wasm"), echo: true });
} catch (error) {
  fail(`pierhead: ${error.message}`);
}
say("pierhead: built pkg/core and pkg/front; `npm run check:wasm` proves that others get the same bytes");

/** `npm run build`: writes `dist/` and fails when a part is over its size. */
import { buildDist } from "./lib/dist.mjs";
import { fail } from "./lib/project.mjs";
import { measureSizes, printSizes } from "./lib/sizes.mjs";

try {
  await buildDist();
  if (!printSizes(await measureSizes())) fail("pierhead: over the size budget");
} catch (error) {
  fail(`pierhead: the build failed: ${error.message}`);
}

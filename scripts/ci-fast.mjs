/** `npm run ci:fast`: lint, types, the tests of `npm test`, and the sizes; stops at the first that fails. */
import { fail, say } from "./lib/project.mjs";
import { capture } from "./lib/run.mjs";

for (const script of ["lint", "typecheck", "test", "size"]) {
  const begun = performance.now();
  const { code } = await capture("npm", ["run", "--silent", script], { echo: true });
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  say(`== ${script}: ${seconds} s`);
  if (code !== 0) fail(`pierhead: ${script} failed`);
}

/**
 * Runs before `npm start`, `npm test` and `npm run pierhead`: installs the npm packages and builds `dist/`
 * where they are missing or older than their sources. Prints on stderr only, and nothing when all is fresh.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256OfFile } from "./lib/files.mjs";
import { fail, root, say } from "./lib/project.mjs";

const lock = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");
const stamp = join(root, "node_modules", ".pierhead-lock");

if (!packagesAreFresh()) await installPackages();

const { buildDist, distIsFresh } = await import("./lib/dist.mjs");
if (!distIsFresh()) {
  say("pierhead: building dist/");
  await buildDist().catch((error) => fail(`pierhead: cannot build dist/: ${error.message}`));
}

/** Fresh means: installed from this very lock, or by someone's own npm after the lock was last written. */
function packagesAreFresh() {
  if (!existsSync(installed)) return false;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sha256OfFile(lock)) return true;
  return statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
}

async function installPackages() {
  const { capture } = await import("./lib/run.mjs");
  say("pierhead: installing npm packages");
  // npm tells its scripts where it is; without it (`node scripts/ensure.mjs`), the one on PATH serves.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = npm ? await capture(process.execPath, [npm, ...args]) : await capture("npm", args);
  if (code !== 0) {
    const reason = output.match(/npm error (?!code|A complete log)(.+)/)?.[1] ?? `npm ci ended with ${code}`;
    fail(`pierhead: cannot install the npm packages: ${reason}`);
  }
  writeFileSync(stamp, sha256OfFile(lock));
}

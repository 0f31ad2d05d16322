/**
 * `npm run lint`: formatting and lints of both languages, and the licences, sources and advisories of the crates.
 * Every check runs, also after one has failed. A missing tool is said, and fails where `CI=true`.
 */
import { fail, say } from "./lib/project.mjs";
import { capture, isInstalled, npmBin } from "./lib/run.mjs";

const WASM = ["--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "wasm,front"];
const DENY_WARNINGS = ["--", "-D", "warnings"];

const checks = [
  { name: "biome", command: npmBin("biome"), args: ["check", "--error-on-warnings", "."] },
  { name: "rustfmt", command: "cargo", args: ["fmt", "--all", "--check"] },
  { name: "clippy", command: "cargo", args: ["clippy", "--locked", "--workspace", "--all-targets", ...DENY_WARNINGS] },
  {
    name: "clippy for native",
    command: "cargo",
    args: ["clippy", "--locked", "--features=native", "--all-targets", ...DENY_WARNINGS],
  },
  { name: "clippy for wasm", command: "cargo", args: ["clippy", "--locked", ...WASM, ...DENY_WARNINGS] },
  { name: "versions", command: process.execPath, args: ["scripts/release-check.mjs"] },
  { name: "cargo deny", command: "cargo-deny", args: ["--locked", "check", "bans", "licenses", "sources"] },
  {
    name: "cargo deny advisories",
    command: "cargo-deny",
    args: ["--locked", "check", "advisories"],
    // The database comes from the network; without one there is nothing to check against.
    skipOn: /failed to (fetch|clone|acquire).*advisor|advisory database.*(fetch|clone)/is,
  },
];

let failed = 0;
for (const check of checks) {
  const { mark, text } = await perform(check);
  say(`${mark} ${text}`);
  if (mark === "✗") failed += 1;
}
if (failed > 0) fail(`pierhead: ${failed} of ${checks.length} lints failed`);

async function perform({ name, command, args, skipOn }) {
  if (!command.includes("/") && !isInstalled(command)) {
    return { mark: process.env.CI === "true" ? "✗" : "-", text: `${name}: ${command} is not installed` };
  }
  const begun = performance.now();
  const { code, output } = await capture(command, args);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (code === 0) return { mark: "✓", text: `${name} (${seconds} s)` };
  if (skipOn?.test(output)) return { mark: "-", text: `${name}: skipped, the database is out of reach` };
  return { mark: "✗", text: `${name}\n${output.trimEnd()}` };
}

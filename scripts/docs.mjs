/**
 * `npm run docs`: the API reference in `docs/api/`, of the TypeScript by TypeDoc and of the Rust by rustdoc. A warning of
 * either fails: a name that links nowhere, a type that a signature shows and nobody can look up.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256OfFile } from "./lib/files.mjs";
import { fail, root, say } from "./lib/project.mjs";
import { capture, npmBin } from "./lib/run.mjs";

/** TypeDoc stands in a folder of its own: it needs a compiler that is older than the project's. */
const typedoc = join(root, "scripts", "docs");
const lock = join(typedoc, "package-lock.json");
const stamp = join(typedoc, "node_modules", ".pierhead-lock");
const api = join(root, "docs", "api");

rmSync(api, { recursive: true, force: true });
mkdirSync(api, { recursive: true });
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== sha256OfFile(lock)) {
  await step("TypeDoc is installed", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: typedoc });
  writeFileSync(stamp, sha256OfFile(lock));
}
const program = join(typedoc, "node_modules", "typedoc", "bin", "typedoc");
await step("TypeScript", npmBin("node"), [program, "--options", join(typedoc, "typedoc.json"), "--logLevel", "Warn"]);
const env = { ...process.env, RUSTDOCFLAGS: `${process.env.RUSTDOCFLAGS ?? ""} -D warnings`.trim() };
const documented = ["--workspace", "--no-deps", "--all-features", "--lib", "--locked"];
await step("Rust", "cargo", ["doc", "--color=never", ...documented], { env });
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
cpSync(join(target, "doc"), join(api, "rust"), { recursive: true });
writeFileSync(join(api, "index.html"), contents());
say(`pierhead: the API reference is at ${join("docs", "api", "index.html")}`);

async function step(name, command, args, options) {
  const begun = performance.now();
  const { code, output } = await capture(command, args, options);
  if (code !== 0) fail(`✗ ${name}\n${output.trimEnd()}`);
  say(`✓ ${name} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
}

function contents() {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>pierhead: API reference</title>
  </head>
  <body>
    <h1>pierhead: API reference</h1>
    <ul>
      <li><a href="typescript/index.html">TypeScript</a></li>
      <li><a href="rust/pierhead/index.html">Rust</a></li>
    </ul>
  </body>
</html>
`;
}

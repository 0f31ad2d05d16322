/** The wasm build: wasm-pack, then wasm-bindgen with the flags wasm-pack cannot pass, then wasm-opt. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root, wasmBuilds } from "./project.mjs";
import { npmBin, run, versionOf } from "./run.mjs";

const WASM_PACK = "0.15.1";

/** The features of WebAssembly that every supported runtime has, and no other: Node rejects `--all-features`. */
const WASM_OPT_FLAGS = [
  "-Oz",
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--enable-reference-types",
  "--enable-multivalue",
  "--enable-simd",
  "--strip-producers",
  "--strip-target-features",
];

/** The wasm-bindgen that `Cargo.toml` pins: the crate and the program speak a private format. */
export function pinnedWasmBindgen(folder = root) {
  const pin = readFileSync(join(folder, "Cargo.toml"), "utf8").match(/^wasm-bindgen = \{ version = "=([\d.]+)"/m);
  if (!pin) throw new Error("Cargo.toml does not pin wasm-bindgen to one version");
  return pin[1];
}

/** What has to be installed before a build, as lines for a person; empty when nothing is missing. */
export function missingTools() {
  const missing = [];
  const bindgen = pinnedWasmBindgen();
  if (versionOf("cargo") === undefined) missing.push("cargo: see https://rustup.rs");
  if (versionOf("wasm-pack") !== `wasm-pack ${WASM_PACK}`) {
    missing.push(`wasm-pack ${WASM_PACK}: cargo install wasm-pack@${WASM_PACK}`);
  }
  if (versionOf("wasm-bindgen") !== `wasm-bindgen ${bindgen}`) {
    missing.push(`wasm-bindgen ${bindgen}: cargo install wasm-bindgen-cli@${bindgen}`);
  }
  return missing;
}

/**
 * Folders that the compiler would otherwise write into panic locations, and what to write instead; where two
 * match, rustc takes the later one. Cargo names the folder of a registry after the host that served it, which
 * differs between people with and without a mirror.
 */
export function privatePaths(folder) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const rustupHome = process.env.RUSTUP_HOME ?? join(homedir(), ".rustup");
  const registries = join(cargoHome, "registry", "src");
  return [
    [cargoHome, "/cargo"],
    [rustupHome, "/rustup"],
    [folder, "/pierhead"],
    ...readdirSync(registries).map((name) => [join(registries, name), "/crates"]),
  ];
}

/**
 * Builds one wasm module with its glue.
 *
 * @param {{name: string, features: string}} build
 * @param {{folder?: string, out: string, target: string, names?: boolean, echo?: boolean}} options
 *   `folder` is the checkout to compile; `target` the Cargo target folder; `names` keeps the function names,
 *   for reports on where the bytes are.
 */
export async function buildWasm({ name, features }, { folder = root, out, target, names = false, echo = false }) {
  // Before the paths are listed, because a first fetch creates some of them.
  await run("cargo", ["fetch", "--locked", "--target", "wasm32-unknown-unknown"], { cwd: folder, echo });
  const remap = privatePaths(folder).map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  const env = {
    ...process.env,
    CARGO_TARGET_DIR: target,
    // Encoded, because a path may contain a space; it also hides any RUSTFLAGS of the person's own.
    CARGO_ENCODED_RUSTFLAGS: ["-Ctarget-feature=+simd128", ...remap].join("\x1f"),
    // A wrapper or another profile would make other bytes.
    RUSTC_WRAPPER: "",
    // wasm-bindgen reads which features the compiler used from a section that stripping removes; it drops
    // names and debug information itself.
    CARGO_PROFILE_RELEASE_STRIP: "none",
  };
  const scratch = join(target, `pierhead-${name}`);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });

  const options = { cwd: folder, env, echo };
  await run(
    "wasm-pack",
    ["build", "--release", "--target", "web", "--no-opt", "--no-pack", "--no-typescript"].concat(
      ["--out-dir", join(scratch, "wasm-pack"), "--", "--locked"],
      ["--no-default-features", "--features", features],
    ),
    options,
  );
  await run(
    "wasm-bindgen",
    [
      join(target, "wasm32-unknown-unknown", "release", "pierhead.wasm"),
      ...["--target", "web", "--experimental-reset-state-function", "--omit-default-module-path"],
      ...["--out-name", "pierhead", "--out-dir", out],
      ...(names ? ["--keep-debug"] : []),
    ],
    options,
  );
  withoutDefaultExport(join(out, "pierhead.js"));
  const module = join(out, "pierhead_bg.wasm");
  await run(npmBin("wasm-opt"), [...WASM_OPT_FLAGS, ...(names ? ["-g"] : []), module, "-o", module], options);
}

/**
 * Takes the asynchronous way to an instance out of a module's exports, so that bundlers drop it: it fetches, nobody goes it, and
 * it is half a kilobyte of each user's download.
 */
function withoutDefaultExport(glue) {
  const [exported, wanted] = ["export { initSync, __wbg_init as default };", "export { initSync };"];
  const text = readFileSync(glue, "utf8");
  if (!text.includes(exported)) throw new Error("the glue of wasm-bindgen ends in another export than it did");
  writeFileSync(glue, text.replace(exported, wanted));
}

/** Builds both modules into `<out>/core` and `<out>/front`; what was there is replaced when both are complete. */
export async function buildAllWasm({ out, target, ...options }) {
  const staged = join(target, "pierhead-pkg");
  rmSync(staged, { recursive: true, force: true });
  for (const build of wasmBuilds) {
    await buildWasm(build, { ...options, target, out: join(staged, build.name) });
  }
  rmSync(out, { recursive: true, force: true });
  // Copied, not renamed: the target folder may be on another disk.
  cpSync(staged, out, { recursive: true });
}

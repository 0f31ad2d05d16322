/**
 * The wasm build: cargo, with a standard library of its own; then wasm-bindgen and wasm-opt. Not wasm-pack, which can neither
 * leave the rlib out nor have wasm-bindgen make an instance that begins again.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { root, wasmBuilds } from "./project.mjs";
import { npmBin, run, versionOf } from "./run.mjs";
import { shortenExports, shortenImports } from "./wasm-names.mjs";
import { namedInOrder } from "./wasm-order.mjs";
import { dataStart } from "./wasm-sections.mjs";

const WASM = "wasm32-unknown-unknown";
/** What rustc gives the stack, in bytes. */
const STACK = 2 ** 20;
/** Below the folder of a toolchain. */
const RUST_SRC = join("lib", "rustlib", "src", "rust", "library");

/**
 * The standard library is compiled with the crate, so that what it has for panics and `Debug` goes: a panic is a trap at once, and
 * traps are what `js/core/` handles. The flags are unstable ones of the pinned compiler, which `RUSTC_BOOTSTRAP` lets it take.
 */
const BUILD_STD = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];
const RUSTFLAGS = [
  "-Ctarget-feature=+simd128",
  ...["-Zunstable-options", "-Cpanic=immediate-abort", "-Zlocation-detail=none", "-Zfmt-debug=none"],
];

/** Levels that `Cargo.toml` cannot give without a warning from other builds. They take a tenth off the time of a verdict. */
const STD_LEVELS = ["alloc", "core"].map((name) => `package.${name}.opt-level=2`);

/** The features of WebAssembly that every supported runtime has, and no other: Node rejects `--all-features`. */
const WASM_OPT_FEATURES = [
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
  "--enable-reference-types",
  "--enable-multivalue",
  "--enable-simd",
];
/**
 * That the lowest 1024 bytes are unused, so that no valid address wraps round to them, is as good as true: the stack grows down to
 * them, and whoever comes there is about to trap.
 */
const WASM_OPT_PASSES = ["-Oz", "--converge", "--low-memory-unused", "--strip-producers", "--strip-target-features"];

/** The wasm-bindgen that `Cargo.toml` pins: the crate and the program speak a private format. */
export function pinnedWasmBindgen(folder = root) {
  const pin = readFileSync(join(folder, "Cargo.toml"), "utf8").match(/^wasm-bindgen = \{ version = "=([\d.]+)"/m);
  if (!pin) throw new Error("Cargo.toml does not pin wasm-bindgen to one version");
  return pin[1];
}

/** The folder of the toolchain that compiles the checkout. */
function sysroot() {
  return versionOf("rustc", ["--print", "sysroot"]) ?? "";
}

/**
 * Settings for the profile: every function may be compiled where it is called. It takes a tenth off the module, and time off a
 * verdict; but what `Cargo.toml` has compiled for speed must not be drawn into a crate that is compiled for size.
 */
function inlining(folder) {
  const flag = "-Zcross-crate-inline-threshold";
  const manifest = readFileSync(join(folder, "Cargo.toml"), "utf8");
  const forSpeed = [...manifest.matchAll(/^\[profile\.release\.package\.(.+)\]$/gm)].map(([, name]) => name);
  return [`rustflags=["${flag}=always"]`, ...forSpeed.map((name) => `package.${name}.rustflags=["${flag}=100"]`)];
}

/** What has to be installed before a build, as lines for a person; empty when nothing is missing. */
export function missingTools() {
  const missing = [];
  const bindgen = pinnedWasmBindgen();
  if (versionOf("cargo") === undefined) {
    missing.push("cargo: see https://rustup.rs");
  } else if (!existsSync(join(sysroot(), RUST_SRC))) {
    missing.push("the sources of Rust's library: rustup component add rust-src");
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
    [join(sysroot(), RUST_SRC), "/rust"],
    [folder, "/pierhead"],
    ...readdirSync(registries).map((name) => [join(registries, name), "/crates"]),
  ];
}

/**
 * Builds one wasm module with its glue.
 *
 * @param {{features: string}} build
 * @param {{folder?: string, out: string, target: string, names?: boolean, echo?: boolean}} options
 *   `folder` is the checkout to compile; `target` the Cargo target folder; `names` keeps the function names,
 *   for reports on where the bytes are.
 */
export async function buildWasm({ features }, { folder = root, out, target, names = false, echo = false }) {
  const profile = [...STD_LEVELS, ...inlining(folder)].flatMap((setting) => ["--config", `profile.release.${setting}`]);
  const cargo = ["--locked", "--target", WASM, ...BUILD_STD, "-Zprofile-rustflags", ...profile];
  const env = {
    ...process.env,
    CARGO_TARGET_DIR: target,
    RUSTC_BOOTSTRAP: "1",
    // A wrapper or another profile would make other bytes.
    RUSTC_WRAPPER: "",
    // wasm-bindgen reads which features the compiler used from a section that stripping removes; it drops
    // names and debug information itself.
    CARGO_PROFILE_RELEASE_STRIP: "none",
  };
  // Before the paths are listed, because a first fetch creates some of them.
  await run("cargo", ["fetch", ...cargo], { cwd: folder, env, echo });
  const remap = privatePaths(folder).map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  // Encoded, because a path may contain a space; it also hides any RUSTFLAGS of the person's own.
  env.CARGO_ENCODED_RUSTFLAGS = [...RUSTFLAGS, ...remap].join("\x1f");
  const options = { cwd: folder, env, echo };
  await run(
    "cargo",
    // No rlib beside it: what is public in one stays in, and is not inlined.
    [
      "rustc",
      "--lib",
      "--crate-type",
      "cdylib",
      "--release",
      "--no-default-features",
      "--features",
      features,
      ...cargo,
    ],
    options,
  );
  await run(
    "wasm-bindgen",
    [
      join(target, WASM, "release", "pierhead.wasm"),
      ...["--target", "web", "--experimental-reset-state-function", "--omit-default-module-path"],
      ...["--out-name", "pierhead", "--out-dir", out],
      ...(names ? ["--keep-debug"] : []),
    ],
    options,
  );
  const module = join(out, "pierhead_bg.wasm");
  tidy(module, join(out, "pierhead.js"), join(out, "pierhead_bg.wasm.d.ts"));
  const optimize = (flags) => run(npmBin("wasm-opt"), [...WASM_OPT_FEATURES, ...flags, module, "-o", module], options);
  await optimize(names ? [...WASM_OPT_PASSES, "-g"] : WASM_OPT_PASSES);
  if (names) return;
  writeFileSync(module, namedInOrder(readFileSync(module)));
  await optimize(["--reorder-functions-by-name"]);
}

/** Shortens what wasm-bindgen wrote, and holds it to what `--low-memory-unused` relies on. */
function tidy(module, glue, types) {
  const imports = shortenImports(readFileSync(module), readFileSync(glue, "utf8"));
  const texts = { glue: withoutNeedless(imports.glue), types: readFileSync(types, "utf8") };
  const short = shortenExports(imports.module, texts);
  if (dataStart(short.module) < STACK) throw new Error("the stack is not what lies lowest in memory");
  writeFileSync(module, short.module);
  writeFileSync(glue, short.glue);
  writeFileSync(types, short.types);
}

/**
 * What the glue has and nobody needs, which is a kilobyte of each user's download: the asynchronous way to an instance, which
 * fetches; `Symbol.dispose`, beside `free`, of classes that only our own code sees; and before each call the question whether the
 * instance is to be replaced, which is asked for only by builds that unwind.
 */
const NEEDLESS = [
  [/^export \{ initSync, __wbg_init as default \};$/m, "export { initSync };"],
  [/^if \(Symbol\.dispose\) .+\n/gm, ""],
  [/^ *__wbg_call_guard\(\);\n/gm, ""],
  [/^function __wbg_call_guard\(\) \{\n(?: .*\n)+\}\n/m, ""],
  // Only `js/core/` makes an instance, and gives the module by its name.
  [/^ {4}if \(module !== undefined\) \{\n(?: {5,}.*\n)+ {4}\}\n(?=\n *const imports)/m, "    ({ module } = module);\n"],
  [/^ {4}if \(!\(module instanceof WebAssembly\.Module\)\) \{\n.*\n {4}\}\n/m, ""],
  // Every supported runtime has it.
  [/^if \(!\('encodeInto' in cachedTextEncoder\)\) \{\n(?: .*\n)+\}\n/m, ""],
  [/^ {4}if \(realloc === undefined\) \{\n(?: {5,}.*\n)+ {4}\}\n/m, ""],
  // What was taken of the arguments would be given back where a later one is of another type; `js/` checks them all before.
  [
    /^( *let ptr0.*;\n) *try \{\n((?: *(?:ptr|len)\d+ = .*\n)+) *\} catch \(e\) \{\n(?: *if \(ptr.*\n)+ *throw e;\n *\}\n/gm,
    "$1$2",
  ],
  // The same allocator each time.
  [
    /^(function pass\w+ToWasm0\(arg, malloc), realloc\) \{$/gm,
    "$1 = wasm.__wbindgen_malloc, realloc = wasm.__wbindgen_realloc) {",
  ],
  [/^(function pass\w+ToWasm0\(\w+, malloc)\) \{$/gm, "$1 = wasm.__wbindgen_malloc) {"],
  [/(\bpass\w+ToWasm0\([^()]+), wasm\.__wbindgen_malloc(?:, wasm\.__wbindgen_realloc)?\)/g, "$1)"],
  // What a minifier does not dare.
  [/\blet ret;\n *ret = /g, "let ret = "],
  [/ [*/] 1\b/g, ""],
  [/^( +\w+: )function(\([^)]*\)) \{\n/gm, "$1$2 => {\n"],
  [
    /: function\(\) \{ return handleError\(function (\(.*\)) \{\n((?: {12}.*\n)+) {8}\}, arguments\); \}/g,
    ": (...given) => handleError($1 => {\n$2        }, given)",
  ],
  [
    /^ *let (deferred\d+)_0;\n *let \1_1;\n *try \{\n((?: .*\n)+?) *\1_0 = ret\[0\];\n *\1_1 = ret\[1\];\n *return .+;\n *\} finally \{\n.*\n *\}\n/gm,
    "$2        return __wbg_text(ret);\n",
    `function __wbg_text([ptr, length]) {
    const text = getStringFromWasm0(ptr, length);
    wasm.__wbindgen_free(ptr, length, 1);
    return text;
}
`,
  ],
];

/** What the glue says again and again: here with a name, and below with what it does. */
const REPEATED = [
  [
    /if \(\(?(\w+)\)?\.__wbg_inst !== undefined && \(?\1\)?\.__wbg_inst !== __wbg_instance_id\) \{\n *throw new Error\('.+'\);\n *\}/g,
    "__wbg_hold($1);",
    `function __wbg_hold(object) {
    if (object.__wbg_inst !== undefined && object.__wbg_inst !== __wbg_instance_id)
        throw new Error('an object of an instance that is gone');
}
`,
  ],
  [
    /Object\.defineProperty\((\w+), '__wbg_inst', \{ .+ \}\);\s+(\w+)\.register\(\1, .+\);/g,
    "__wbg_keep($1, $2);",
    `function __wbg_keep(object, finalization) {
    Object.defineProperty(object, '__wbg_inst', { value: __wbg_instance_id, writable: true });
    finalization.register(object, { ptr: object.__wbg_ptr, instance: __wbg_instance_id }, object);
}
`,
  ],
  [
    /__destroy_into_raw\(\) \{\n(?: {8}.*\n)+? *(\w+)\.unregister\(this\);\n.*\n *\}\n( *free\(\) \{\n).*\n *(wasm\.\w+)\(ptr, 0\);\n/g,
    "free() {\n        $3(__wbg_release(this, $1), 0);\n",
    `function __wbg_release(object, finalization) {
    const ptr = object.__wbg_ptr;
    object.__wbg_ptr = 0;
    finalization.unregister(object);
    return ptr;
}
`,
  ],
  [
    /\(typeof FinalizationRegistry === 'undefined'\)\n *\? \{ register: .+\n *: new FinalizationRegistry\(\(\{ ptr, instance \}\) => \{\n *if \(instance === __wbg_instance_id\) wasm\.(\w+)\(ptr, 1\);\n *\}\)/g,
    "__wbg_finalization((ptr) => wasm.$1(ptr, 1))",
    `function __wbg_finalization(free) {
    return typeof FinalizationRegistry === 'undefined'
        ? { register: () => {}, unregister: () => {} }
        : new FinalizationRegistry(({ ptr, instance }) => {
            if (instance === __wbg_instance_id) free(ptr);
        });
}
`,
  ],
];

function withoutNeedless(glue) {
  if (/__wbg_reinit_scheduled = true/.test(glue))
    throw new Error("the glue of wasm-bindgen replaces instances by itself");
  return [...NEEDLESS, ...REPEATED].reduce((left, [needless, instead, once = ""]) => {
    if (left.search(needless) < 0) throw new Error(`the glue of wasm-bindgen has no ${needless} any more`);
    return left.replace(needless, instead) + once;
  }, glue);
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

/**
 * What others wrote in Go, as programs that the tests run: pinned here, built once for each version from the module
 * proxy by `scripts/install-go-tools.mjs`, and kept outside the checkout.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { filesBelow, sha256OfFile } from "./files.mjs";
import { root } from "./project.mjs";
import { run } from "./run.mjs";

/**
 * By the name of the program: a main package and its version, or a folder of this repository with a `go.mod`. What takes many minutes to build is
 * built where it is asked for by its name.
 */
const PACKAGES = {
  crane: { path: "github.com/google/go-containerregistry/cmd/crane", version: "v0.22.1" },
  oras: { path: "oras.land/oras/cmd/oras", version: "v1.3.6" },
  regctl: { path: "github.com/regclient/regclient/cmd/regctl", version: "v0.11.7" },
  registry: { path: "github.com/distribution/distribution/v3/cmd/registry", version: "v3.1.2" },
  gofakes3: { path: "github.com/johannesboyne/gofakes3/cmd/gofakes3", version: "v1.2.0" },
  minio: { path: "github.com/minio/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c" },
  conformance: {
    path: "github.com/opencontainers/distribution-spec/conformance",
    version: "v0.0.0-20260831232431-97274622c111",
  },
  servers: { folder: join(root, "tests", "peers", "servers") },
  seaweedfs: { folder: join(root, "tests", "peers", "seaweedfs"), slow: true },
};

/** @typedef {keyof typeof PACKAGES} GoTool */

export const goTools = /** @type {GoTool[]} */ (Object.keys(PACKAGES));

/** @returns {string} Where the program is, or would be. */
export function goTool(name) {
  return join(folderOf(name), name);
}

/** Those that are built where no name is given. */
export const usualGoTools = goTools.filter((name) => !("slow" in PACKAGES[name]));

/** @param {readonly GoTool[]} chosen @returns {GoTool[]} Those of them that are not built yet. */
export function missingGoTools(chosen) {
  return chosen.filter((name) => !existsSync(goTool(name)));
}

/**
 * Builds one program; `go` says which modules it wants and takes them from the proxy.
 *
 * @param {GoTool} name
 * @throws {Error} with what `go` says, when there is no proxy or it does not build.
 */
export async function buildGoTool(name) {
  const { path, version, folder } = PACKAGES[name];
  // One package at a time: the machines that do this have few cores and other work.
  const flags = ["-p=1", "-trimpath", "-ldflags=-s -w"];
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" };
  if (folder === undefined) {
    await run("go", ["install", ...flags, `${path}@${version}`], { env: { ...env, GOBIN: folderOf(name) } });
    return;
  }
  // In a copy, since `go` completes a go.mod that says no more than has to be said.
  const copy = mkdtempSync(join(tmpdir(), "pierhead-go-"));
  try {
    cpSync(folder, copy, { recursive: true });
    await run("go", ["build", "-mod=mod", ...flags, `-o=${goTool(name)}`, "."], { cwd: copy, env });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Whether it is the module proxy, or a Go that is too old and cannot get a newer one, and not the code, that failed. */
export function isUnavailable(error) {
  return /GOPROXY|proxy|dial tcp|module lookup disabled|requires go >= |toolchain not available|no such host/.test(
    error.message,
  );
}

function folderOf(name) {
  const { version, folder } = PACKAGES[name];
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pierhead-tools");
  return join(cache, `${name}-${version ?? versionOfSources(folder)}`);
}

/** A program of this repository is built again when its sources change, wherever they are checked out. */
function versionOfSources(folder) {
  const hash = createHash("sha256");
  for (const file of filesBelow(folder)) hash.update(sha256OfFile(file));
  return hash.digest("hex").slice(0, 12);
}

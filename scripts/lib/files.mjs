/** Files: listing, hashing, fingerprints. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./project.mjs";

/** Every file at or below the given paths (absolute), sorted; paths that do not exist are left out. */
export function filesBelow(...paths) {
  return paths.flatMap((path) => listed(path)).sort();
}

function listed(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => listed(join(path, name)));
}

/** The sha256 of a file's bytes, in hex. */
export function sha256OfFile(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/**
 * A value that changes whenever one of the files is added, removed or written.
 * It reads no contents, so that a fresh checkout is recognised within milliseconds.
 */
export function fingerprint(...paths) {
  const hash = createHash("sha256");
  for (const path of filesBelow(...paths)) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${relative(root, path)}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest("hex");
}

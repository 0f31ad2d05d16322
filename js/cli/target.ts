import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { isAlgorithm } from "../digest.js";
import { parseReference } from "../entry/index.js";
import { STDIN } from "./input.js";
import { CliError } from "./output.js";

/** What an argument stands for: standard input, a file, a folder, or an image in a registry. */
export type Target = "stdin" | "file" | "folder" | "image";

/** The rule by which it is told, for the help of commands that take any of them. */
export const TARGET_RULE = `
What exists is a file or a folder, and so is what begins with ./, ../ or / or
ends in .json. Of everything else, an image is what has a tag or a digest
(alpine:3.22) or begins with a registry (ghcr.io/owner/image), and the rest are
files that are missing.`;

/**
 * Tells what a name stands for. A file that is missing must not be taken for an image, and asked for at a registry that nobody
 * named.
 *
 * @throws CliError if it is a file that does not exist
 * @throws InvalidReferenceError if it is an image's, but cannot be read
 */
export function targetOf(name: string): Target {
  if (name === STDIN) return "stdin";
  const found = statSync(name, { throwIfNoEntry: false });
  if (found !== undefined) return found.isDirectory() ? "folder" : "file";
  if (!isReference(name)) throw new CliError(`${name || '""'}: no such file or directory${hint(name)}`);
  parseReference(name);
  return "image";
}

function isReference(name: string): boolean {
  // Also with the line and the column that a report puts behind it.
  if (/^\.{0,2}\/|\.json(?::\d+){0,2}$/i.test(name)) return false;
  const last = name.slice(name.lastIndexOf("/") + 1);
  // A digest alone is not the tag of an image by the name of `sha256`.
  if (/[:@]/.test(last)) return !isAlgorithm(name.slice(0, name.indexOf(":")));
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  // A folder such as `layout.d` looks like a registry. Something is missing in it.
  return (/[.:]/.test(first) || first === "localhost") && !existsSync(first);
}

/** For those who meant an image. */
function hint(name: string): string {
  if (extname(name) !== "" || name.includes(":")) return "";
  try {
    const { registry, repository, tag } = parseReference(name);
    const ways = new Set([`${name}:${tag}`, `${registry}/${repository}`]);
    ways.delete(name);
    return ` (an image has a tag or a registry: ${[...ways].join(", ")})`;
  } catch {
    return "";
  }
}

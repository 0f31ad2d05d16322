import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { pathWithin } from "./paths.js";

/**
 * Whether a file of a layout is in its folder. What a link leads to elsewhere is judged as any file is, but is not to be quoted:
 * whoever made the layout may not read it, and lets others, who may, print it.
 */
export async function isWithin(folder: string, path: string): Promise<boolean> {
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    return pathWithin(root, file) !== undefined;
  } catch {
    return false;
  }
}

import { text } from "../core/text.js";
import { hostWithFiles } from "../files/host.js";
import type { LayoutFiles } from "../graph.js";
import { folderFiles } from "./folder-files.js";

/**
 * The files of an image layout in a folder, to be validated: `validateLayout(layoutFiles("image"))`. Links are followed, and whatever
 * is no file counts as missing. Throws a {@link LayoutError} `NOT_SUPPORTED` on hosts without a file system.
 */
export function layoutFiles(folder: string): LayoutFiles {
  return folderFiles(hostWithFiles(), text("the folder", folder));
}

import { isAbsolute, relative, sep } from "node:path";

/** The way from a folder to what is in it; undefined to what is not. Links are not followed. */
export function pathWithin(folder: string, path: string): string | undefined {
  const way = relative(folder, path);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
}

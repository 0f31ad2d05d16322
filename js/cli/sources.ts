import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Repository } from "../entry/client.js";
import { type ImageSource, type LayoutFiles, parseDigest, RegistryError } from "../entry/index.js";
import { isMissing } from "./files.js";
import { openFile } from "./input.js";
import { pathWithin } from "./paths.js";

/** What a registry keeps among its blobs; everything else are manifests to it. */
const BLOBS: ReadonlySet<string> = new Set(["config", "layer", "blob"]);

/** The parts of an image in a registry. */
export function registrySource({ manifests, blobs }: Repository, signal: AbortSignal): ImageSource {
  return {
    async open({ digest, size }, role) {
      try {
        if (BLOBS.has(role)) return (await blobs.get(digest, { size, signal })).body;
        return streamOf((await manifests.raw(digest, { signal })).bytes);
      } catch (error) {
        if (error instanceof RegistryError && error.status === 404) return undefined;
        throw error;
      }
    },
  };
}

/** Where a layout keeps what has this digest; the grammar of digests leaves no room for a path that goes elsewhere. */
export function blobPath(digest: string): string {
  const { algorithm, encoded } = parseDigest(digest);
  return `blobs/${algorithm}/${encoded}`;
}

/** The files of an image layout in a folder. */
export function layoutFiles(folder: string): LayoutFiles {
  return {
    async open(path) {
      const file = join(folder, path);
      // A pipe in place of the file would be waited for.
      return (await isFile(file)) ? await openFile(file) : undefined;
    },
    async list(path) {
      try {
        const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => !entry.isDirectory());
        return inOrder(
          files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, "/")),
        );
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

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

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

async function* inOrder(paths: string[]): AsyncGenerator<string> {
  // As they come, they would be in another order on each machine.
  yield* paths.sort();
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

import { fileStream } from "../files/file-stream.js";
import { type Host, isMissing } from "../files/host.js";
import type { SizedFiles } from "./file-layout.js";

/** The files in a folder, whose sizes can be asked for. Links are followed, and whatever is no file counts as missing. */
export function folderFiles(host: Host, folder: string): SizedFiles {
  const { fs, path } = host;
  return {
    async open(name) {
      const file = path.join(folder, name);
      // A pipe in place of the file would be waited for.
      if ((await fileSize(host, file)) === undefined) return undefined;
      return fileStream(await fs.open(file, "r"), { path: file });
    },
    size: (name) => fileSize(host, path.join(folder, name)),
    async list(name) {
      try {
        const entries = await fs.readdir(path.join(folder, name), { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => !entry.isDirectory());
        const paths = files.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
        return inOrder(paths.map((file) => file.replaceAll(path.sep, "/")));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

async function fileSize({ fs }: Host, file: string): Promise<number | undefined> {
  try {
    const found = await fs.stat(file);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Paths in the same order on every machine. */
export async function* inOrder(paths: string[]): AsyncGenerator<string> {
  yield* paths.sort();
}

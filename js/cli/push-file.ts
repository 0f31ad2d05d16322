import { stat } from "node:fs/promises";
import type { PushContent, PushedBlob, Repository } from "../entry/client.js";
import { openFile, openInput, STDIN } from "./input.js";
import { OUTCOMES, type Progress } from "./progress/progress.js";

/** How a file is pushed. */
export interface PushFileOptions {
  /** The digest that it has to have. */
  readonly digest?: string | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Pushes a file, or standard input, as a blob. Neither is ever held in memory as a whole. */
export async function pushFile(
  repository: Repository,
  file: string,
  { digest, progress, signal }: PushFileOptions,
): Promise<PushedBlob> {
  const onProgress = (part: { digest?: string; bytes: number; total?: number }) =>
    // The digest of a stream is known when it has ended.
    progress.update({ ...part, digest: part.digest ?? file });
  const pushed = await repository.blobs.push(await contentOf(file), { digest, signal, onProgress });
  progress.settle({ digest: pushed.digest, size: pushed.size, outcome: OUTCOMES[pushed.status] });
  return pushed;
}

/** What can be read again from any byte if it is a regular file; else it is read once. */
async function contentOf(file: string): Promise<PushContent> {
  if (file === STDIN) return await openInput(file);
  const stats = await stat(file);
  if (!stats.isFile()) return await openFile(file);
  const { size } = stats;
  return { size, open: (offset) => openFile(file, { start: offset, end: size }) };
}

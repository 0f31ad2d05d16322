import { open } from "node:fs/promises";
import { ReadableStream as NodeReadableStream } from "node:stream/web";
import { DOCUMENT_LIMIT } from "../document.js";
import { fileStream } from "../files/file-stream.js";
import { readStart } from "../stream.js";
import { CliError } from "./output.js";

/** The argument that stands for standard input. */
export const STDIN = "-";

/** Standard input can be read once only. Throws a {@link CliError} if it is asked for twice. */
export function checkStdinOnce(files: readonly string[]): void {
  if (files.filter((file) => file === STDIN).length > 1) {
    throw new CliError(`standard input (${STDIN}) can be given once only`);
  }
}

/** Opens a file or standard input as a stream of bytes, of which little is held at any time. */
export async function openInput(file: string): Promise<ReadableStream<Uint8Array>> {
  if (file !== STDIN) return await openFile(file);
  // Node's own type of the global class: the two describe one thing.
  return NodeReadableStream.from<Uint8Array>(process.stdin) as ReadableStream<Uint8Array>;
}

/**
 * Opens a file, a pipe or a device as a stream of bytes.
 *
 * @param range of a regular file, the bytes from `start` to before `end`; all of it if it is left out
 */
export async function openFile(
  path: string,
  range?: { readonly start: number; readonly end: number },
): Promise<ReadableStream<Uint8Array>> {
  const handle = await open(path, "r");
  try {
    if ((await handle.stat()).isDirectory()) throw new CliError(`${path}: is a directory`);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return fileStream(handle, { path, ...(range && { range }) });
}

/**
 * Reads a document, and of a longer one only so much that its being too long shows: {@link DOCUMENT_LIMIT} + 1 bytes.
 * Rejects with the signal's reason once that aborts.
 */
export async function readDocument(file: string, signal: AbortSignal): Promise<Uint8Array> {
  return await readStart(await openInput(file), DOCUMENT_LIMIT + 1, { signal });
}

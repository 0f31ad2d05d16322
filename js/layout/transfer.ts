import { DigestMismatchError, TransferError } from "../errors.js";
import type { Sink } from "../files/file-writer.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { ByteSource } from "../source.js";
import { verifyStream } from "../stream.js";
import type { PutOptions } from "./image-layout.js";

/**
 * Reads content to its end, and writes it while more is read. Whoever comes to the end has written what the descriptor says. Where
 * anything fails, the content is cancelled.
 */
export async function transfer(
  { digest, size }: Descriptor,
  content: ReadableStream<Uint8Array>,
  { verified, signal, onProgress }: PutOptions,
  sink: Sink,
): Promise<void> {
  const isChecked = verified || sink.digest !== undefined;
  const source = new ByteSource(isChecked ? content : verifyStream(content, { digest, size }, { signal }), { signal });
  let bytes = 0;
  let writing = Promise.resolve();
  try {
    for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
      bytes += chunk.byteLength;
      const details = { expected: size, actual: bytes };
      if (bytes > size)
        throw new TransferError("SIZE_MISMATCH", `more than the ${size} bytes of the descriptor`, details);
      await writing;
      writing = sink.write(chunk);
      // It is waited for after the next chunk, which may never come.
      writing.catch(() => {});
      onProgress?.({ digest, bytes, total: size });
    }
    await writing;
    if (bytes < size) {
      const details = { expected: size, actual: bytes };
      throw new TransferError("BODY_TRUNCATED", `ended after ${bytes} of the ${size} bytes of the descriptor`, details);
    }
    const actual = (await sink.digest?.()) ?? digest;
    if (actual !== digest) throw new DigestMismatchError(digest, actual);
  } catch (error) {
    source.cancel(error).catch(() => {});
    await writing.catch(() => {});
    throw error;
  }
}

/** Gives up content that nobody needs. How that ends matters to nobody either. */
export function giveUp(content: ReadableStream<Uint8Array>, reason?: unknown): void {
  // It may be locked, or no stream at all: whoever reads it then says so.
  content?.cancel?.(reason).catch(() => {});
}

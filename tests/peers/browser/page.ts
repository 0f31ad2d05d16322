/** What the page does: it makes a blob as it sends it, reads it back, and never has more of it than a part. */
import { Registry } from "pierhead/client";

/** What one way took, in bytes and milliseconds. */
interface Moved {
  digest: string;
  size: number;
  milliseconds: number;
}

const PIECE = 64 * 1024;

/** Garbage is collected each time that so many bytes have gone by: what is measured is what the page holds. */
const COLLECTED = 8 * 2 ** 20;

declare const gc: () => void;

/** Collects if so many bytes more have carried the count over a mark. */
function collectAfter(count: number, more: number): void {
  if (Math.floor(count / COLLECTED) !== Math.floor((count - more) / COLLECTED)) gc();
}

/** Pieces of a known sequence, each another: nothing that is remembered can stand for what is sent. */
function made(size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let done = 0;
  let state = 1;
  return new ReadableStream(
    {
      pull(controller) {
        if (done === size) return controller.close();
        const words = new Uint32Array(Math.min(PIECE, size - done) / 4);
        for (let index = 0; index < words.length; index++) {
          // The generator of Numerical Recipes; any that is quick will do.
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          words[index] = state;
        }
        done += words.byteLength;
        controller.enqueue(new Uint8Array(words.buffer));
        collectAfter(done, words.byteLength);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Pushes so many bytes, a multiple of 4, and says what they were. */
async function pushBlob(host: string, repository: string, size: number): Promise<Moved> {
  const begun = performance.now();
  const { blobs } = new Registry(host, { plainHttp: true }).repository(repository);
  const pushed = await blobs.push(made(size));
  return { ...pushed, milliseconds: performance.now() - begun };
}

/** Pulls a blob to its end, which comes only if it is what its digest says. */
async function pullBlob(host: string, repository: string, digest: string): Promise<Moved> {
  const begun = performance.now();
  const { blobs } = new Registry(host, { plainHttp: true }).repository(repository);
  const { body } = await blobs.get(digest);
  let size = 0;
  const reader = body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    collectAfter(size, read.value.length);
  }
  return { digest, size, milliseconds: performance.now() - begun };
}

Object.assign(globalThis, { pushBlob, pullBlob });

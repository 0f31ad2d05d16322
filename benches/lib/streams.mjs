/** The streams that a verified one is compared with. Web standards only: Node and workerd run this. */

export const CHUNK = 64 * 1024;

/** A stream of `size` bytes, all 7, made as they are asked for. */
export function made(size) {
  const chunk = new Uint8Array(CHUNK).fill(7);
  let left = size;
  const pull = (controller) => {
    if (left <= 0) return controller.close();
    left -= CHUNK;
    controller.enqueue(chunk);
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** The stream through a plain one that is pulled: what any wrapper in JavaScript costs. */
export function copied(stream) {
  const reader = stream.getReader();
  return pulledFrom(() => reader.read());
}

/** The same, read with buffers of 64 KiB: the best that workerd offers for a body from the network. */
export function copiedByBuffer(stream) {
  const reader = stream.getReader({ mode: "byob" });
  return pulledFrom(() => reader.read(new Uint8Array(CHUNK)));
}

function pulledFrom(read) {
  const pull = async (controller) => {
    const { done, value } = await read();
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Reads to the end; returns how many bytes there were. */
export async function drained(stream) {
  const reader = stream.getReader();
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) size += read.value.byteLength;
  return size;
}

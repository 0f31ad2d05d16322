/** Pieces of streams in buffers that are used again: garbage of pieces is collected late, and a Worker has little memory. */
import { deliversTinyChunks } from "./source.js";

/** Bytes of a buffer. */
const SIZE = 128 * 1024;
/** How many buffers are kept for later. */
const KEPT = 16;

const buffers: ArrayBuffer[] = [];

/** How a stream is made of pieces. */
export interface Pieces {
  /** The next piece, or `undefined` at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Whether nothing comes behind the piece that came last. */
  isOver?(): boolean;
  cancel?(reason: unknown): Promise<void>;
}

/** What the streams are made of whose pieces are good until the next one is asked for. */
const lenders = new WeakMap<ReadableStream<Uint8Array>, Pieces>();

/**
 * A stream of pieces; nothing is read before it is asked for. Those that are `lent`, good until the next one is asked for, are copied for
 * its readers, but for who takes them by {@link lending}.
 */
export function streamed({ read, isOver, cancel }: Pieces, lent = false): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await read();
        if (chunk !== undefined) controller.enqueue(lent ? chunk.slice() : chunk);
        if (chunk === undefined || isOver?.()) controller.close();
      },
      ...(cancel && { cancel }),
    },
    { highWaterMark: 0 },
  );
  if (lent) lenders.set(stream, { read, ...(isOver && { isOver }), ...(cancel && { cancel }) });
  return stream;
}

/**
 * The stream as a source whose pieces are good until the next one is asked for; `undefined` where that would spare nothing, as the host makes
 * pieces by itself, or the stream takes no buffer.
 */
export function lending(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> | undefined {
  if (stream.locked) return undefined;
  const lender = lenders.get(stream);
  if (lender !== undefined) {
    // Nobody else may read it.
    stream.getReader();
    return ofPieces(lender);
  }
  if (!deliversTinyChunks()) return undefined;
  try {
    return inBuffers(stream.getReader({ mode: "byob" }));
  } catch {
    return undefined;
  }
}

function ofPieces({ read, isOver, cancel = async () => {} }: Pieces): ReadableStream<Uint8Array> {
  let ended = false;
  return source(async () => {
    const value = ended ? undefined : await read();
    ended = value === undefined || isOver?.() === true;
    return { done: value === undefined, value };
  }, cancel);
}

function inBuffers(reader: ReadableStreamBYOBReader): ReadableStream<Uint8Array> {
  let buffer: ArrayBuffer | undefined;
  return source(
    async () => {
      // While it is being read into nobody has it: a reading that never ends takes it along.
      const view = new Uint8Array(buffer ?? buffers.pop() ?? new ArrayBuffer(SIZE));
      buffer = undefined;
      const result = await reader.read(view);
      buffer = result.value?.buffer;
      if (result.done && buffer?.byteLength === SIZE && buffers.length < KEPT) buffers.push(buffer);
      if (result.done) buffer = undefined;
      return result;
    },
    (reason) => reader.cancel(reason),
  );
}

/** All that is asked of a stream that nobody else reads. */
function source(
  read: () => Promise<{ done: boolean; value: Uint8Array | undefined }>,
  cancel: (reason: unknown) => Promise<void>,
): ReadableStream<Uint8Array> {
  const getReader = (options?: unknown) => {
    if (options !== undefined) throw new TypeError("it brings buffers of its own");
    return { read, cancel };
  };
  return { locked: false, getReader, cancel } as unknown as ReadableStream<Uint8Array>;
}

/** Pieces of streams in buffers that are used again: garbage of pieces is collected late, and a Worker has little memory. */
import { deliversTinyChunks } from "./source.js";

/** Buffers of one size in bytes, and those of them that nobody uses now. */
interface Buffers {
  readonly size: number;
  readonly free: ArrayBuffer[];
}

/** A body's first buffer, which is all that most bodies need. */
const FIRST: Buffers = { size: 64 * 1024, free: [] };
/** Those that follow: each piece leaves garbage behind, whatever its size. */
const LARGE: Buffers = { size: 1024 * 1024, free: [] };
/** How many buffers of a size are kept. */
const KEPT = 4;

function keep({ size, free }: Buffers, buffer: ArrayBuffer): void {
  if (buffer.byteLength === size && free.length < KEPT) free.push(buffer);
}

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
  let buffers = FIRST;
  let isFull = false;
  return source(
    async () => {
      if (buffer !== undefined && isFull && buffers === FIRST) {
        keep(FIRST, buffer);
        buffer = undefined;
        buffers = LARGE;
      }
      // While it is being read into nobody has it: a reading that never ends takes it along.
      const view = new Uint8Array(buffer ?? buffers.free.pop() ?? new ArrayBuffer(buffers.size));
      buffer = undefined;
      const result = await reader.read(view);
      if (!result.done) {
        buffer = result.value.buffer;
        isFull = result.value.byteLength === buffers.size;
      } else if (result.value !== undefined) keep(buffers, result.value.buffer);
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

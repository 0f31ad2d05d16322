/** One thing a scripted source does: a chunk, an error, a pause in milliseconds, or silence for ever. */
export type Step = Uint8Array | Error | number | "never";

/** What was done to a scripted source. */
export interface Trace {
  pulls: number;
  /** Chunks handed over so far. */
  delivered: number;
  cancelled: boolean;
  reason: unknown;
}

/** A source that does one step after the other, each only when it is asked to, and then ends in good order. */
export function scripted(steps: readonly Step[]): { source: ReadableStream<Uint8Array>; trace: Trace } {
  const trace: Trace = { pulls: 0, delivered: 0, cancelled: false, reason: undefined };
  const left = steps.slice();
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const step = left.shift();
    if (step === undefined) {
      controller.close();
    } else if (step === "never") {
      await new Promise(() => {});
    } else if (typeof step === "number") {
      await new Promise((resolve) => setTimeout(resolve, step));
      await pull(controller);
    } else if (step instanceof Error) {
      throw step;
    } else {
      trace.delivered += 1;
      controller.enqueue(step);
    }
  };
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        trace.pulls += 1;
        return pull(controller);
      },
      cancel(reason) {
        trace.cancelled = true;
        trace.reason = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { source, trace };
}

/** The whole stream in memory. */
export async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** UTF-8. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Byte `i` is `(i × 31 + 7) mod 256`. */
export function patterned(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 31 + 7);
}

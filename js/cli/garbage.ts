/** Bytes after which the buffers that they were in are given back. */
const STEP = 4 * 1024 * 1024;

type Collect = (options: { type: "minor" }) => void;

let pending = 0;
let collect: Collect | undefined;

/**
 * Told of bytes that came, or went, in buffers of their own. V8 hardly counts what a buffer holds, and lets a hundred MiB of them wait for its
 * collector: taking the young ones away every few MiB costs less than the fresh memory does that is had for them else.
 */
export function moved(bytes: number): void {
  pending += bytes;
  if (pending < STEP) return;
  pending = 0;
  collect ??= collector();
  collect({ type: "minor" });
}

/** The collector as Node gives it to whoever asks by a flag; nothing, on hosts that do not. */
function collector(): Collect {
  try {
    // Loaded where something is moved.
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    const gc: unknown = process.getBuiltinModule("node:vm").runInNewContext("gc");
    if (typeof gc === "function") return gc as Collect;
  } catch {
    // It is a matter of memory only.
  }
  return () => {};
}

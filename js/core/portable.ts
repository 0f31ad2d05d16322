import { setPortable } from "../engine/portable.js";
import { type ExecutorGlue, HandleOwner, type Runtime } from "./runtime.js";

/** The hash of a build of the core. */
export interface HasherHandle {
  update(chunk: Uint8Array): void;
  digest(): string;
  free(): void;
}

/** A build of the core that can hash. */
export type HashingGlue = ExecutorGlue & { RawHasher: new (algorithm: string) => HasherHandle };

/** Makes this build's hash the portable engine of verified streams. */
export function providePortable<G extends HashingGlue>(runtime: Runtime<G>): void {
  setPortable((algorithm) => {
    const hasher = new HandleOwner(runtime, (glue) => new glue.RawHasher(algorithm));
    return {
      update: (chunk) => hasher.use((raw) => raw.update(chunk)),
      digest: () => hasher.use((raw) => raw.digest()).slice(algorithm.length + 1),
      free: () => hasher.free(),
    };
  });
}

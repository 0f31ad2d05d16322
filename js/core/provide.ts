import { core } from "./core.js";
import { providePortable } from "./portable.js";

/** Says where the core's module comes from, and makes its hash the portable engine. */
export function provideCore(source: () => WebAssembly.Module): void {
  core.provide(source);
  providePortable(core);
}

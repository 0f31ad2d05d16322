// The declarations use `Symbol.dispose`; whoever compiles against them need not have it in `lib`.
/// <reference lib="esnext.disposable" preserve="true" />
import { provideCore } from "../core/provide.js";

export * from "../client.js";
export * from "../index.js";

/**
 * Gives the package its WebAssembly module: `pierhead/core.wasm`, compiled by whatever means the host has. To be called before
 * anything else; the first call wins.
 */
export function init(module: WebAssembly.Module): void {
  provideCore(() => module);
}

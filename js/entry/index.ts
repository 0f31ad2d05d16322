// The declarations use `Symbol.dispose`; whoever compiles against them need not have it in `lib`.
/// <reference lib="esnext.disposable" preserve="true" />
import "./provide-core.inline.js";

export * from "../index.js";

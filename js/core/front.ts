import * as glue from "../../pkg/front/pierhead.js";
import { providePortable } from "./portable.js";
import { Runtime } from "./runtime.js";

/** The build that holds all of the core and the registry front. */
export const frontCore = new Runtime(glue);

/** Says where its module comes from, and makes its hash the portable engine. */
export function provideFront(source: () => WebAssembly.Module): void {
  frontCore.provide(source);
  providePortable(frontCore);
}

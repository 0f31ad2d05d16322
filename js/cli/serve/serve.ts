/** All that `pierhead serve` needs, in one module that nothing else of the CLI loads. */
import "../../entry/front.js";

export type { FrontEvent } from "../../front/events.js";
export { createHandler } from "../../front/handler.js";
export { fs } from "../../stores/fs.js";
export { memory } from "../../stores/memory.js";
export { type Serving, serve } from "./server.js";

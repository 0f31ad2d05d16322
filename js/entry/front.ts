import { provideFront } from "../core/front.js";
import { compileInline } from "../core/inline.js";
import { base64 } from "./front-inline.js";

provideFront(() => compileInline(base64));

export * from "../front.js";

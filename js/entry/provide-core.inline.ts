import { compileInline } from "../core/inline.js";
import { provideCore } from "../core/provide.js";
import { base64 } from "./core-inline.js";

provideCore(() => compileInline(base64));

import module from "../../pkg/front/pierhead_bg.wasm";
import { provideFront } from "../core/front.js";

provideFront(() => module);

export * from "../front.js";

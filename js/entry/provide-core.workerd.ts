import module from "../../pkg/core/pierhead_bg.wasm";
import { provideCore } from "../core/provide.js";

provideCore(() => module);

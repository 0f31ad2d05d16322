import * as glue from "../../pkg/core/pierhead.js";
import { Runtime } from "./runtime.js";

/** The build that holds the vocabulary, the validator and the client. */
export const core = new Runtime(glue);

/** The suite in a web page: the driver calls this function and gets the results. */
import { runAll } from "../suite.ts";

Object.assign(globalThis, { runSuite: runAll });

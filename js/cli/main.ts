#!/usr/bin/env node
/** The program, compiled by whoever ran it before: a third of its start is spent on that. */
import nodeModule from "node:module";
import { join } from "node:path";
import { env } from "node:process";

const { HOME, LOCALAPPDATA, NODE_COMPILE_CACHE, XDG_CACHE_HOME } = env;
const folder = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && join(HOME, ".cache"));
// In a folder of the user's own: what lies there is run. Hosts that cannot keep code say so, and go on.
if (NODE_COMPILE_CACHE) nodeModule.enableCompileCache?.();
else if (folder) nodeModule.enableCompileCache?.(join(folder, "pierhead", "compiled"));
await import("./program.js");

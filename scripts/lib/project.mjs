/** Where things are in the checkout, and how scripts talk to the person who runs them. */
import { fileURLToPath } from "node:url";

/** The checkout's root folder, without a trailing slash. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** The two wasm builds: where each lands, and the Cargo features that make it. */
export const wasmBuilds = [
  { name: "core", features: "wasm" },
  { name: "front", features: "wasm,front" },
];

/** One line on stderr: stdout belongs to the program that a script prepares. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the script with one line and status 1. */
export function fail(line) {
  say(line);
  process.exit(1);
}

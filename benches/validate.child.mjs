/**
 * Validates one document of 4 MiB for `validate.mjs`, and prints how far the memory of the wasm instance and the heaps of
 * JavaScript grew for it, as a multiple of its size. Nothing is collected meanwhile that was not before.
 */
import { manifestUpTo } from "./lib/manifests.mjs";

const SIZE = 4 * 2 ** 20;

// The package keeps its instance to itself, so this one is seen when it is made.
let memory;
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module, imports) {
    super(module, imports);
    memory = this.exports.memory;
  }
};
const { validate } = await import("pierhead");

const document = process.argv[2] === "values" ? smallestValues() : manifestUpTo(SIZE);
validate("{}");

globalThis.gc();
const before = used();
const report = validate(document);
const after = used();
if (report.digest.length !== 71) throw new Error("no report");
process.stdout.write(String((after - before) / document.length));

function used() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return memory.buffer.byteLength + heapUsed + arrayBuffers;
}

/** As many values as the reader takes, in a document of the same size: the most that it can be made to remember. */
function smallestValues() {
  const values = 2 ** 20 - 2;
  return new TextEncoder().encode(`[${"0,".repeat(values)}0]`.padEnd(SIZE));
}

/** The core with traps laid in it, so that what happens after one can be seen without a defect to wait for. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";

const core = fileURLToPath(new URL("../../pkg/core/pierhead_bg.wasm", import.meta.url));

const { BulkMemory, BulkMemoryOpt, Multivalue, MutableGlobals, NontrappingFPToInt, ReferenceTypes, SignExt, SIMD128 } =
  binaryen.Features;
/** What the committed module is built with; with more, what is emitted could not be compiled everywhere. */
const FEATURES =
  BulkMemory | BulkMemoryOpt | Multivalue | MutableGlobals | NontrappingFPToInt | ReferenceTypes | SignExt | SIMD128;

/** `validate` traps for a document of this many bytes. */
export const TRAPPING_SIZE = 13;

/**
 * The committed module, but that `validate` traps for a document of {@link TRAPPING_SIZE} bytes, and `settle`, which
 * goes on after an await, for whatever the host reports as failed.
 *
 * @returns {Uint8Array}
 */
export function trappingModule() {
  const module = binaryen.readBinary(readFileSync(core));
  module.setFeatures(FEATURES);
  const size = module.local.get(1, binaryen.i32);
  trapWhen(module, "validate", module.i32.eq(size, module.i32.const(TRAPPING_SIZE)));
  const succeeded = module.local.get(1, binaryen.i32);
  trapWhen(module, "settle", module.i32.eqz(succeeded));
  if (!module.validate()) throw new Error("the module with traps is not valid");
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

function trapWhen(module, name, condition) {
  const { value } = binaryen.getExportInfo(module.getExport(name));
  const { body, results } = binaryen.getFunctionInfo(module.getFunction(value));
  const trapping = module.block(null, [module.if(condition, module.unreachable()), body], results);
  binaryen.Function.setBody(module.getFunction(value), trapping);
}

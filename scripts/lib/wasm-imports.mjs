/**
 * Shortens the names by which a module imports its glue. wasm-bindgen ends each in a hash, which keeps apart crates that are linked
 * into one module by different versions of it; compressed, that is half a kilobyte of noise.
 */
import { IMPORT, leb, Reader, text } from "./wasm-sections.mjs";

const FUNCTION = 0;
const BIND = /^__wb(?:g|indgen)_(?:__wbindgen_)?(.+?)(?:_[0-9a-f]{16})?$/;

/**
 * @param {Uint8Array} module
 * @param {string} glue What wasm-bindgen wrote beside it.
 * @returns {{module: Uint8Array, glue: string}} The two, agreed on shorter names.
 */
export function shortenImports(module, glue) {
  const names = new Map();
  const reader = new Reader(module, 8);
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.leb() + reader.at;
    if (id === IMPORT) {
      const section = renamed(reader, names);
      const parts = [module.subarray(0, start), [IMPORT], leb(section.length), section, module.subarray(end)];
      return { module: Buffer.concat(parts.map((part) => Buffer.from(part))), glue: inGlue(glue, names) };
    }
    reader.at = end;
  }
  throw new Error("the module imports nothing");
}

/** The section of imports under new names, which are added to `names`. */
function renamed(reader, names) {
  const count = reader.leb();
  const taken = new Set();
  const entries = Array.from({ length: count }, () => {
    const [from, name] = [reader.string(), reader.string()];
    if (reader.byte() !== FUNCTION) throw new Error(`the import ${name} is no function`);
    const type = reader.leb();
    const short = free(BIND.exec(name)?.[1] ?? name, taken);
    taken.add(short);
    names.set(name, short);
    return Buffer.concat([...[from, short].map(text), Buffer.from([FUNCTION]), leb(type)]);
  });
  return Buffer.concat([leb(count), ...entries]);
}

/** The name, with a number where others have it too. */
function free(name, taken) {
  for (let number = 1; ; number += 1) {
    const numbered = number === 1 ? name : `${name}${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}

function inGlue(glue, names) {
  let count = 0;
  const replaced = glue.replace(/^( {8})(\w+)(: function\()/gm, (whole, before, name, after) => {
    if (!names.has(name)) return whole;
    count += 1;
    return `${before}${names.get(name)}${after}`;
  });
  if (count !== names.size) throw new Error("the glue does not have the functions that the module imports");
  return replaced;
}

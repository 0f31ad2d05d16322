/**
 * Shortens the names by which a module and its glue know one another. wasm-bindgen ends those of imports in a hash, which keeps apart
 * crates that are linked into one module by different versions of it, and those of exports say what only the glue need know;
 * compressed, that is a kilobyte of noise.
 */
import { EXPORT, IMPORT, leb, Reader, text } from "./wasm-sections.mjs";

const FUNCTION = 0;
const BIND = /^__wb(?:g|indgen)_(?:__wbindgen_)?(.+?)(?:_[0-9a-f]{16})?$/;

/**
 * @param {Uint8Array} module
 * @param {string} glue What wasm-bindgen wrote beside it.
 * @returns {{module: Uint8Array, glue: string}} The two, agreed on shorter names of what the module imports.
 */
export function shortenImports(module, glue) {
  const names = new Map();
  const short = withSection(module, IMPORT, (reader) => renamed(reader, names));
  return { module: short, glue: inGlue(glue, names) };
}

/**
 * @param {Uint8Array} module
 * @param {{glue: string, types: string}} texts The glue, and the declaration of the module.
 * @returns {{module: Uint8Array, glue: string, types: string}} All of them, agreed on shorter names of what the module exports.
 */
export function shortenExports(module, { glue, types }) {
  const names = new Map();
  const short = withSection(module, EXPORT, (reader) => lettered(reader, names));
  return {
    module: short,
    glue: exported(glue, /(?<=\bwasm\.)\w+/g, names),
    types: exported(types, /(?<=^export const )\w+/gm, names),
  };
}

/** The module with another section in the place of this one. */
function withSection(module, wanted, rewrite) {
  const reader = new Reader(module, 8);
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.leb() + reader.at;
    if (id === wanted) {
      const section = rewrite(reader);
      const parts = [module.subarray(0, start), [id], leb(section.length), section, module.subarray(end)];
      return Buffer.concat(parts.map((part) => Buffer.from(part)));
    }
    reader.at = end;
  }
  throw new Error("the module imports or exports nothing");
}

/** What is looked for by its name outside of the glue: by a bench, and by the tests that lay traps. */
const KEPT = ["memory", "settle", "validate"];

/** The section of exports under names of a letter or two, which are added to `names`. */
function lettered(reader, names) {
  const count = reader.leb();
  const entries = Array.from({ length: count }, () => {
    const name = reader.string();
    const [kind, index] = [reader.byte(), reader.leb()];
    const short = KEPT.includes(name) ? name : letter(names.size);
    names.set(name, short);
    return Buffer.concat([text(short), Buffer.from([kind]), leb(index)]);
  });
  return Buffer.concat([leb(count), ...entries]);
}

/** The name of this number: never a word of the language. */
function letter(number) {
  const first = String.fromCharCode(97 + (number % 26));
  return number < 26 ? first : `${first}${Math.floor(number / 26)}`;
}

/** The text, with all names that stand for exports in it replaced. */
function exported(text, places, names) {
  return text.replace(places, (name) => {
    if (!names.has(name)) throw new Error(`the module does not export ${name}`);
    return names.get(name);
  });
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

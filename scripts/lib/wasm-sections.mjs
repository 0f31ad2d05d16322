/** Reads a wasm module far enough to say which functions it has, which crate they come from, and where its data begins. */

export const CUSTOM = 0;
export const IMPORT = 2;
export const EXPORT = 7;
const CODE = 10;
const DATA = 11;
export const FUNCTION_NAMES = 1;

/**
 * The bytes of code per crate, biggest first.
 *
 * @param {Uint8Array} module A module that kept its name section.
 * @returns {Map<string, number>}
 */
export function bytesPerCrate(module) {
  const { imported, bodies, names } = readModule(module);
  const totals = new Map();
  bodies.forEach(({ length }, index) => {
    const crate = crateOf(names.get(imported + index) ?? "");
    totals.set(crate, (totals.get(crate) ?? 0) + length);
  });
  return new Map([...totals].sort(([, one], [, other]) => other - one));
}

/**
 * The module's own functions, in their order, and how many are imported before them.
 *
 * @param {Uint8Array} module
 * @returns {{imported: number, bodies: Buffer[]}}
 */
export function functionsOf(module) {
  const { imported, bodies } = readModule(module);
  return { imported, bodies };
}

/**
 * The address of the first of the module's data.
 *
 * @param {Uint8Array} module
 * @returns {number}
 */
export function dataStart(module) {
  return readModule(module).dataStart;
}

/**
 * The crate that a demangled name such as `<sha2[1f]::Sha256 as digest[2e]::Update>::update` belongs to: that of
 * the type, or of the trait where the type is a primitive or a parameter.
 */
function crateOf(name) {
  const path = name.replace(/^[<&(*\s[]*(?:mut |dyn )*/, "");
  const crate = String.raw`([A-Za-z_]\w*)(?:\[[0-9a-f]+\])?::`;
  return (new RegExp(`^${crate}`).exec(path) ?? new RegExp(` as ${crate}`).exec(path))?.[1] ?? "(exports)";
}

function readModule(bytes) {
  const reader = new Reader(bytes, 8);
  const found = { imported: 0, bodies: [], names: new Map(), dataStart: Number.POSITIVE_INFINITY };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const end = reader.leb() + reader.at;
    if (id === IMPORT) found.imported = importedFunctions(reader);
    else if (id === CODE) found.bodies = functionBodies(reader);
    else if (id === DATA) found.dataStart = firstAddress(reader);
    else if (id === CUSTOM && reader.string() === "name") found.names = functionNames(reader, end);
    reader.at = end;
  }
  return found;
}

/** Functions that are imported come before the module's own in the numbering. */
function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.leb(); left > 0; left -= 1) {
    reader.string();
    reader.string();
    const kind = reader.byte();
    if (kind === 0) {
      functions += 1;
      reader.leb();
    } else {
      if (kind !== 3) throw new Error(`import kind ${kind} is not one that wasm-bindgen writes`);
      reader.at += 2; // a global: its type and whether it changes
    }
  }
  return functions;
}

function functionBodies(reader) {
  return Array.from({ length: reader.leb() }, () => reader.run());
}

/** Segments lie in memory in their order, and each begins with the constant that says where. */
function firstAddress(reader) {
  if (reader.leb() === 0) return Number.POSITIVE_INFINITY;
  const [mode, instruction] = [reader.leb(), reader.byte()];
  if (mode !== 0 || instruction !== 0x41) throw new Error("the data does not begin at a constant address");
  return reader.leb();
}

function functionNames(reader, end) {
  const names = new Map();
  while (reader.at < end) {
    const kind = reader.byte();
    const next = reader.leb() + reader.at;
    if (kind === FUNCTION_NAMES) {
      for (let left = reader.leb(); left > 0; left -= 1) names.set(reader.leb(), reader.string());
    }
    reader.at = next;
  }
  return names;
}

/** An unsigned number in LEB128. */
export function leb(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** A string as modules have them. */
export function text(string) {
  const bytes = Buffer.from(string);
  return Buffer.concat([leb(bytes.length), bytes]);
}

/** Reads a module from a place in it on. */
export class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** An unsigned number in LEB128. */
  leb() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  /** Bytes behind their number. */
  run() {
    const length = this.leb();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at));
  }
  string() {
    return this.run().toString("utf8");
  }
}

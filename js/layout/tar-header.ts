import { LayoutError } from "../errors.js";

/** The bytes that headers and contents are padded to a multiple of (POSIX.1-2024, pax, "ustar Interchange Format"). */
export const BLOCK = 512;

/** The largest size that the eleven octal digits of a header hold. */
const MAX_OCTAL = 8 ** 11 - 1;
const NAME_LENGTH = 100;

/** What a header says of the entry behind it. */
export interface TarHeader {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The type flag: `0` is a file. */
  readonly type: string;
  /** What a link leads to. */
  readonly link: string;
}

/** What an extended header says in place of the header behind it (POSIX.1-2024, pax, "pax Extended Header"). */
export interface TarOverrides {
  path?: string | undefined;
  linkpath?: string | undefined;
  size?: number | undefined;
}

/** The error for an archive that is not to be trusted. */
export function broken(what: string): LayoutError {
  return new LayoutError("INVALID_ARCHIVE", what);
}

/** Bytes up to the next multiple of the block. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Reads a header; undefined for the block of zeros that ends an archive. Throws a {@link LayoutError} `INVALID_ARCHIVE`. */
export function readHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (numberAt(block, 148, 8) !== checksum(block))
    throw broken("not a tar archive, or a broken one: a header's checksum is wrong");
  const name = textAt(block, 0, NAME_LENGTH);
  // GNU keeps other things where ustar has the prefix, and has a space behind its magic.
  const prefix = textAt(block, 257, 6) === "ustar" ? textAt(block, 345, 155) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: numberAt(block, 124, 12),
    type: String.fromCharCode(block[156] || 0x30),
    link: textAt(block, 157, NAME_LENGTH),
  };
}

/** Reads the records of an extended header. Throws a {@link LayoutError} `INVALID_ARCHIVE`. */
export function readRecords(bytes: Uint8Array): TarOverrides {
  const found: TarOverrides = {};
  for (let at = 0; at < bytes.byteLength; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? "" : decode(bytes.subarray(at, space));
    const end = at + Number(digits);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > bytes.byteLength || end <= space || bytes[end - 1] !== 0x0a) {
      throw broken("an extended header is broken");
    }
    const record = decode(bytes.subarray(space + 1, end - 1));
    const key = record.slice(0, Math.max(record.indexOf("="), 0));
    const value = record.slice(key.length + 1);
    if (key.startsWith("GNU.sparse.")) throw broken("a sparse file");
    if (key === "path" || key === "linkpath") found[key] = value;
    if (key === "size") {
      if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) throw broken("a size is no number");
      found.size = Number(value);
    }
    at = end;
  }
  return found;
}

/**
 * What stands before a file of this name and size: a ustar header, with an extended one before it where a name or a size does not
 * fit. Owner, times and mode are the same for all, so that the same files make the same archive.
 */
export function writeHeader(name: string, size: number): Uint8Array {
  const long = new TextEncoder().encode(name).byteLength > NAME_LENGTH;
  const records = (long ? record("path", name) : "") + (size > MAX_OCTAL ? record("size", String(size)) : "");
  const own = ustar(long ? name.slice(-NAME_LENGTH) : name, size > MAX_OCTAL ? 0 : size, "0");
  if (records === "") return own;
  const bytes = new TextEncoder().encode(records);
  const whole = new Uint8Array(2 * BLOCK + bytes.byteLength + padding(bytes.byteLength));
  whole.set(ustar("pax_header", bytes.byteLength, "x"));
  whole.set(bytes, BLOCK);
  whole.set(own, whole.byteLength - BLOCK);
  return whole;
}

function ustar(name: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  const octal = (at: number, length: number, value: number) => put(at, value.toString(8).padStart(length - 1, "0"));
  put(0, name);
  octal(100, 8, 0o644);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  put(156, type);
  put(257, "ustar\0" + "00");
  octal(148, 7, checksum(block));
  put(155, " ");
  return block;
}

/** A record; its length counts its own digits too. */
function record(key: string, value: string): string {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`).byteLength;
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** The sum of a header's bytes, with spaces where the sum itself stands. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (const [at, byte] of block.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum;
}

function textAt(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or a number in base 256 where the first bit is set, as GNU writes what is too large for digits. */
function numberAt(block: Uint8Array, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  const [first = 0, ...rest] = field;
  let value: number;
  if (first < 0x80) {
    const digits = String.fromCharCode(...field).replace(/^ +|[ \0]+$/g, "");
    if (!/^[0-7]*$/.test(digits)) throw broken("not a tar archive, or a broken one: a number in a header is none");
    value = Number.parseInt(digits || "0", 8);
  } else {
    // With the second bit set it is negative.
    value = rest.reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
  }
  if (!Number.isSafeInteger(value)) throw broken("a number in a header is too large");
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken("a name is not UTF-8");
  }
}

import type { SizedFiles } from "./file-layout.js";
import { inOrder } from "./folder-files.js";
import type { RandomAccess } from "./random-access.js";
import { BLOCK, broken, padding, readHeader, readRecords, type TarHeader, type TarOverrides } from "./tar-header.js";

/** Headers that are read at most. */
const MAX_HEADERS = 200_000;
/** UTF-16 code units that all names may have together. */
const MAX_NAMES = 16 * 1024 * 1024;
/** Bytes of an extended header at most. */
const MAX_EXTENDED = 1024 * 1024;

/** What an archive has under a name. */
export type TarEntry =
  | { readonly kind: "file"; readonly start: number; readonly size: number }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string | undefined };

/** Bytes that are read at once for a header: where files are small, the next ones are among them. */
const WINDOW = 16 * 1024;

/** Where the files of an archive are; nothing of what is in them. */
export type TarIndex = ReadonlyMap<string, TarEntry>;

/**
 * Reads the headers of a tar archive: ustar, pax and GNU.
 *
 * @throws LayoutError `INVALID_ARCHIVE` if it is none, is cut, or holds what no layout does: a name that leads out of it, two
 * files of a name, devices, sparse files
 */
export async function indexTar(access: RandomAccess, signal: AbortSignal | undefined): Promise<TarIndex> {
  const entries = new Map<string, TarEntry>();
  let overrides: TarOverrides = {};
  let [at, names] = [0, 0];
  let window: { start: number; bytes: Uint8Array } = { start: 0, bytes: new Uint8Array() };
  const read = async (length: number) => {
    if (at < window.start || at + length > window.start + window.bytes.byteLength) {
      window = { start: at, bytes: await access.read(at, Math.max(length, WINDOW)) };
    }
    return window.bytes.subarray(at - window.start, at - window.start + length);
  };
  for (let headers = 0; ; headers += 1) {
    signal?.throwIfAborted();
    if (headers > MAX_HEADERS) throw broken(`more than ${MAX_HEADERS} headers`);
    const block = await read(BLOCK);
    if (block.byteLength < BLOCK) throw broken("the archive is cut: it has no end");
    const header = readHeader(block);
    if (header === undefined) return entries;
    at += BLOCK;
    if ("xgLK".includes(header.type)) {
      if (header.size > MAX_EXTENDED) throw broken(`an extended header of more than ${MAX_EXTENDED} bytes`);
      const bytes = await read(header.size);
      if (bytes.byteLength < header.size) throw broken("the archive is cut");
      overrides = { ...overrides, ...overridesOf(header.type, bytes) };
      at += header.size + padding(header.size);
      continue;
    }
    const size = overrides.size ?? header.size;
    const name = overrides.path ?? header.name;
    const path = pathOf(name);
    names += path.length;
    if (names > MAX_NAMES) throw broken("the names are too long");
    const entry = entryOf({ ...header, name, size, link: overrides.linkpath ?? header.link }, path, at);
    if (path === "" && entry.kind !== "folder") throw broken("a file has no name");
    const earlier = entries.get(path);
    if (earlier !== undefined && !(earlier.kind === "folder" && entry.kind === "folder")) {
      throw broken(`${JSON.stringify(path)} is there twice`);
    }
    entries.set(path, entry);
    if (entry.kind === "file") at += size + padding(size);
    if (at > access.size) throw broken(`the archive is cut in ${JSON.stringify(path)}`);
    overrides = {};
  }
}

/** The files of an archive. Links are no files. */
export function tarFiles(access: RandomAccess, index: TarIndex): SizedFiles {
  const file = (path: string) => {
    const entry = index.get(path);
    return entry?.kind === "file" ? entry : undefined;
  };
  return {
    open(path) {
      const found = file(path);
      return found && access.stream(found.start, found.start + found.size);
    },
    size: async (path) => file(path)?.size,
    list(folder) {
      const below = [...index].filter(([path]) => path.startsWith(`${folder}/`));
      if (below.length === 0 && index.get(folder)?.kind !== "folder") return undefined;
      return inOrder(below.flatMap(([path, { kind }]) => (kind === "folder" ? [] : [path])));
    },
  };
}

/** The file behind a name, through one link; undefined if there is none. */
export function fileAt(index: TarIndex, path: string): { readonly start: number; readonly size: number } | undefined {
  const found = index.get(path);
  const entry = found?.kind === "link" ? index.get(found.target ?? "") : found;
  return entry?.kind === "file" ? entry : undefined;
}

function overridesOf(type: string, bytes: Uint8Array): TarOverrides {
  if (type === "x") return readRecords(bytes);
  if (type === "g") {
    // It would hold for all entries: for a comment that is good enough, but no archiver calls all of its files the same.
    if (Object.keys(readRecords(bytes)).length > 0)
      throw broken("a header for all entries gives them a name or a size");
    return {};
  }
  const end = bytes.indexOf(0);
  const name = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return type === "L" ? { path: name } : { linkpath: name };
}

function entryOf({ name, type, size, link }: TarHeader, path: string, start: number): TarEntry {
  if (type === "5" || ("07".includes(type) && name.endsWith("/") && size === 0)) return { kind: "folder" };
  if (type === "0" || type === "7") return { kind: "file", start, size };
  if (type !== "1" && type !== "2")
    throw broken(`${JSON.stringify(path)} is a device, or of another kind that no image has`);
  if (size !== 0) throw broken(`the link ${JSON.stringify(path)} has content`);
  return { kind: "link", target: targetOf(type === "1" ? "" : path, link) };
}

/** A name as the path that it is: `./a//b/` is `a/b`. */
function pathOf(name: string): string {
  const parts = name.split("/");
  if (name.startsWith("/") || parts.includes("..") || name.includes("\0")) {
    throw broken(`${JSON.stringify(name.slice(0, 200))} leads out of the archive`);
  }
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}

/** What a link leads to, from where it is; undefined if it leads out of the archive. */
function targetOf(from: string, link: string): string | undefined {
  if (link.startsWith("/")) return undefined;
  const target = from.split("/").slice(0, -1);
  for (const part of link.split("/")) {
    if (part === ".." && target.pop() === undefined) return undefined;
    if (part !== "" && part !== "." && part !== "..") target.push(part);
  }
  return target.join("/");
}

/** Tar archives, made byte by byte, also such as no archiver makes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export interface Entry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** The type flag; a file's if not given. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says, where that is not the content's. */
  readonly size?: number | string | Uint8Array;
  readonly prefix?: string;
  readonly magic?: string;
  readonly checksum?: number;
}

/** The bytes of an archive. */
export function tar(entries: readonly Entry[], end = 2): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([...entries.flatMap(entryBytes), Buffer.alloc(512 * end)]));
}

/** A header for the next entry (pax). */
export function pax(records: Record<string, string>, type = "x"): Entry {
  return { name: "pax", type, content: Object.entries(records).map(paxRecord).join("") };
}

export function paxRecord([key, value]: [string, string]): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (length !== rest + String(length).length) length += 1;
  return `${length} ${key}=${value}\n`;
}

/** A stream of these bytes, in chunks of a size. */
export function chunked(bytes: Uint8Array<ArrayBuffer>, size = 1000): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

/** A stream of nothing but zeros, which are made as they are read. */
export function zeros(size: number): ReadableStream<Uint8Array> {
  let left = size;
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(left, 1024 * 1024));
      left -= chunk.byteLength;
      if (chunk.byteLength > 0) controller.enqueue(chunk);
      if (left === 0) controller.close();
    },
  });
}

/** A folder for the files of a suite, which is gone after it. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pierhead-layout-"));
  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}

function entryBytes({
  name,
  content = "",
  type = "0",
  link = "",
  size,
  prefix = "",
  magic,
  checksum,
}: Entry): Buffer[] {
  const body = Buffer.from(content as Uint8Array);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.write("0000000\0".repeat(2), 108);
  const shown = size ?? body.length;
  if (shown instanceof Uint8Array) header.set(shown, 124);
  else header.write(typeof shown === "string" ? shown : shown.toString(8).padStart(11, "0"), 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write(magic ?? "ustar\u000000", 257);
  header.write(prefix, 345);
  const sum = checksum ?? header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

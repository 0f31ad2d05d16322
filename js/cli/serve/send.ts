/** A response of the front on its way through Node's server. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import { HostBody } from "../../core/host.js";
import type { Answered } from "../../front/handler.js";
import { PartsBody } from "../../front/parts-body.js";
import { type Backing, backingOf } from "../../stores/backing.js";
import { Outlet, PIECE } from "./outlet.js";

/**
 * Sends a response. Rejects if that fails: where its headers were sent it must not look whole, so whoever called breaks the connection; where they were
 * not, as Node refuses one of them, whoever called may send another, and says of this one that it has ended.
 */
export async function send({ status, headers, body, ended }: Answered, response: ServerResponse): Promise<void> {
  try {
    // With its text, as that of what could not be sent would stay.
    response.writeHead(status, STATUS_CODES[status] ?? "", fieldsOf(headers));
  } catch (reason) {
    if (body instanceof HostBody) body.cancel(reason);
    throw reason;
  }
  if (!(body instanceof HostBody)) {
    response.end(body);
    ended?.(body?.byteLength ?? 0);
    return;
  }
  const stated = Number(/^content-length:(\d+)$/m.exec(headers)?.[1]);
  const outlet = new Outlet(response, stated);
  try {
    if (body instanceof PartsBody) await sendParts(body, outlet);
    else await sendStream(body.stream, outlet);
    await outlet.flush();
    response.end();
    ended?.(outlet.sent);
  } catch (reason) {
    ended?.(outlet.sent, { reason });
    throw reason;
  } finally {
    outlet.end();
  }
}

/** Each object is opened while the one before is sent. */
async function sendParts(parts: PartsBody, outlet: Outlet): Promise<void> {
  let opened = parts.next();
  try {
    for (let object = await opened; object !== undefined; object = await opened) {
      opened = parts.next();
      // It is waited for later.
      opened.catch(() => {});
      await sendPart(object.body, outlet);
    }
  } catch (reason) {
    opened.then((object) => object && giveUp(object.body, reason)).catch(() => {});
    throw reason;
  }
}

async function sendPart(body: ReadableStream<Uint8Array>, outlet: Outlet): Promise<void> {
  const backing = backingOf(body);
  if (backing === undefined) await sendStream(body, outlet);
  else if ("bytes" in backing) await sendBytes(backing.bytes, outlet);
  else await sendFile(backing, outlet);
}

async function giveUp(body: ReadableStream<Uint8Array>, reason: unknown): Promise<void> {
  const backing = backingOf(body);
  if (backing !== undefined && "handle" in backing) await backing.handle.close();
  else await body.cancel(reason);
}

async function sendStream(stream: ReadableStream<Uint8Array>, outlet: Outlet): Promise<void> {
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      await outlet.room();
      outlet.put(read.value);
    }
  } catch (reason) {
    await reader.cancel(reason).catch(() => {});
    throw reason;
  }
}

async function sendBytes(bytes: Uint8Array, outlet: Outlet): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += PIECE) {
    await outlet.room();
    outlet.put(bytes.subarray(at, at + PIECE));
  }
}

async function sendFile({ handle, start, end }: Extract<Backing, { handle: unknown }>, outlet: Outlet): Promise<void> {
  try {
    for (let at = start; at < end; ) {
      const buffer = await outlet.buffer(end - at);
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.byteLength, end - at), at);
      if (bytesRead === 0) throw new RangeError("the file ended early");
      at += bytesRead;
      outlet.put(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

function fieldsOf(lines: string): string[] {
  const fields: string[] = [];
  for (const line of lines.split("\n")) {
    const end = line.indexOf(":");
    if (end > 0) fields.push(line.slice(0, end), line.slice(end + 1));
  }
  return fields;
}

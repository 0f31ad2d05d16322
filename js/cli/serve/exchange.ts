/** One request to Node's server and its response, by way of the front's own interface. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HostBody } from "../../core/host.js";
import { OciError } from "../../errors.js";
import { type Answered, failure, type Handle } from "../../front/handler.js";
import { PartsBody } from "../../front/parts-body.js";
import type { FileObject } from "../../stores/fs/file-object.js";
import type { StoredObject } from "../../stores/object-store.js";
import { NodeBody } from "./node-body.js";

/** Milliseconds until the next piece of a request's body must have come. */
const IDLE_TIMEOUT = 60_000;
/** Bytes of all headers together that no client of a registry sends. */
const MAX_HEADERS = 32 * 1024;
/** Bytes of a file that are read at a time. */
const FILE_CHUNK = 512 * 1024;
/** How long a connection is read on, in milliseconds, so that a response may arrive which was made before all of the request was read. */
const LINGER = 2_000;

/** Answers one request. Does not throw; `begin` is called before a body is read. */
export async function exchange(
  handle: Handle,
  request: IncomingMessage,
  response: ServerResponse,
  begin?: () => void,
): Promise<void> {
  const abort = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) abort.abort(new OciError("ABORTED", "the client has left"));
  });
  const { method = "", url: target = "" } = request;
  const headers = linesOf(request.rawHeaders);
  const body = hasBody(request) ? new NodeBody(request, IDLE_TIMEOUT, begin) : undefined;
  try {
    const answered =
      headers.length > MAX_HEADERS
        ? failure(method, 431, "UNSUPPORTED", "the headers are too large")
        : await handle({ method, target, headers, body, signal: abort.signal });
    if (body !== undefined && !request.complete) lingerAfter(request, response);
    await send(answered, response);
  } catch {
    // Only a connection that is gone, or a body that failed: that must not look whole.
    response.destroy();
  }
}

function linesOf(raw: readonly string[]): string {
  let lines = "";
  for (let at = 0; at < raw.length; at += 2) lines += `${raw[at]}:${raw[at + 1]}\n`;
  return lines;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** What is left of a request is read for a moment, and thrown away: to close at once would take the response from whoever still sends. */
function lingerAfter(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.once("finish", () => {
    const timer = setTimeout(() => request.destroy(), LINGER);
    request.once("close", () => clearTimeout(timer));
    // In flow: whoever listens for `readable` keeps it from that.
    request.removeAllListeners("readable");
    request.resume();
  });
}

async function send({ status, headers, body, ended }: Answered, response: ServerResponse): Promise<void> {
  response.writeHead(status, fieldsOf(headers));
  if (!(body instanceof HostBody)) {
    response.end(body);
    ended?.(body?.byteLength ?? 0);
    return;
  }
  const stated = Number(/^content-length:(\d+)$/m.exec(headers)?.[1]);
  let sent = 0;
  const write = async (chunk: Uint8Array) => {
    sent += chunk.byteLength;
    if (!response.write(chunk)) await drained(response);
  };
  try {
    if (body instanceof PartsBody) {
      for (let object = await body.next(); object !== undefined; object = await body.next()) {
        if (hasFile(object)) await sendFile(object.file, write);
        else await sendStream(object.body, write);
      }
    } else {
      await sendStream(body.stream, write);
    }
    if (sent !== stated) throw new RangeError("the body is not of its length");
    response.end();
    ended?.(sent);
  } catch (reason) {
    ended?.(sent, { reason });
    throw reason;
  }
}

async function sendStream(
  stream: ReadableStream<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) await write(read.value);
  } catch (reason) {
    await reader.cancel(reason).catch(() => {});
    throw reason;
  }
}

function hasFile(object: StoredObject): object is FileObject {
  return "file" in object;
}

/** A part of a file, without a web stream between, which costs half of what a disk gives. */
async function sendFile(
  { handle, start, end }: FileObject["file"],
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const read = async (at: number): Promise<Uint8Array> => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK, Math.max(end - at, 0)));
    const { bytesRead } = at < end ? await handle.read(buffer, 0, buffer.length, at) : { bytesRead: 0 };
    return buffer.subarray(0, bytesRead);
  };
  let next = read(start);
  try {
    for (let at = start; at < end; ) {
      const chunk = await next;
      if (chunk.byteLength === 0) throw new RangeError("the file ended early");
      at += chunk.byteLength;
      // While this one is sent.
      next = read(at);
      await write(chunk);
    }
  } finally {
    await next.catch(() => {});
    await handle.close();
  }
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const left = () => {
      response.off("drain", drain);
      reject(new OciError("ABORTED", "the client has left"));
    };
    const drain = () => {
      response.off("close", left);
      resolve();
    };
    if (response.destroyed) left();
    else response.once("drain", drain).once("close", left);
  });
}

function fieldsOf(lines: string): string[] {
  const fields: string[] = [];
  for (const line of lines.split("\n")) {
    const end = line.indexOf(":");
    if (end > 0) fields.push(line.slice(0, end), line.slice(end + 1));
  }
  return fields;
}

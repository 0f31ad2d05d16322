/** Answers a request for one manifest or blob as a correct registry does. */

/** Errors as the distribution specification writes them (section "Error Codes"). */
export function sendError(response, status, code, message, headers = {}) {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": String(body.length),
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

/** The headers that describe a manifest or blob. */
export function contentHeaders({ digest, mediaType, bytes }) {
  return {
    "Content-Type": mediaType,
    "Content-Length": String(bytes.length),
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
  };
}

/**
 * Sends the content: whole, one range of it, or 304.
 *
 * @param {import("node:http").ServerResponse} response
 * @param {import("./layout.mjs").Content} content
 */
export function sendContent(response, content) {
  const { method, headers } = response.req;
  const fields = contentHeaders(content);
  if (headers["if-none-match"] === fields.ETag) {
    response.writeHead(304, { ETag: fields.ETag, "Docker-Content-Digest": content.digest }).end();
    return;
  }
  const range = headers.range === undefined ? undefined : parseRange(headers.range, content.bytes.length);
  if (range === "unsatisfiable") {
    const total = { "Content-Range": `bytes */${content.bytes.length}` };
    sendError(response, 416, "RANGE_INVALID", "the range is outside the content", total);
    return;
  }
  const { start, end } = range ?? { start: 0, end: content.bytes.length };
  if (range !== undefined) {
    fields["Content-Length"] = String(end - start);
    fields["Content-Range"] = `bytes ${start}-${end - 1}/${content.bytes.length}`;
  }
  response.writeHead(range === undefined ? 200 : 206, fields);
  response.end(method === "HEAD" ? undefined : content.bytes.subarray(start, end));
}

/**
 * One byte range (RFC 9110, section 14.1.2), its end exclusive; undefined for what a server may ignore.
 *
 * @returns {{start: number, end: number} | "unsatisfiable" | undefined}
 */
export function parseRange(header, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (start >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return end <= start ? undefined : { start, end };
}

let streams: boolean | undefined;

/**
 * Whether this host's `fetch` sends a stream of known size as it comes, and no more than that.
 *
 * Two things have to be so. It reads `duplex`, which it must be told with a stream: else it would send the stream's name, or nothing.
 * And it lets `Content-Length` be set. No browser does: the Fetch standard forbids it, so that streams go in HTTP's own chunks there,
 * over HTTP/2 alone, and to a registry on HTTP/1.1 they fail. Servers' hosts enforce no such thing.
 */
export function streamsRequests(): boolean {
  streams ??= canStream();
  return streams;
}

function canStream(): boolean {
  let asked = false;
  try {
    const { headers } = new Request("https://host.invalid", {
      method: "POST",
      headers: { "Content-Length": "1" },
      body: new ReadableStream(),
      get duplex() {
        asked = true;
        return "half";
      },
    } as RequestInit);
    return headers.has("content-length") && (asked || isWorkerd());
  } catch {
    return false;
  }
}

/** workerd has always sent streams, and asks for no `duplex`. */
function isWorkerd(): boolean {
  return "FixedLengthStream" in globalThis;
}

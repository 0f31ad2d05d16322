let streams: boolean | undefined;

/**
 * Whether this host's `fetch` sends a stream of known size as it comes, with that size as `Content-Length`.
 *
 * Two things have to be so. The header can be set: in no browser it can (Fetch standard, "forbidden request-header"), which sends streams
 * over HTTP/2 alone and in its own chunks. And `duplex` is read, as by Node, or there are streams of a fixed length, as in workerd.
 * Deno passes the first test, but sends each stream in HTTP's own chunks, which registries may refuse; Bun could do it, and cannot be
 * told from Deno by anything but its name. Who fails the test sends uploads in chunks.
 */
export function streamsRequests(): boolean {
  streams ??= canStream();
  return streams;
}

function canStream(): boolean {
  let streams = "FixedLengthStream" in globalThis;
  try {
    const { headers } = new Request("http://a", {
      method: "POST",
      headers: { "Content-Length": "1" },
      body: new ReadableStream(),
      get duplex() {
        streams = true;
        return "half";
      },
    } as RequestInit);
    return streams && headers.has("content-length");
  } catch {
    return false;
  }
}

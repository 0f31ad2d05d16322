type FixedLength = new (
  size: number,
) => { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array> };

/**
 * The stream as a response body of exactly `size` bytes.
 *
 * workerd sends a stream made in JavaScript chunked, whatever `Content-Length` says, and ends it in good order when
 * it fails, so a cut body would look whole. Through its `FixedLengthStream` the client sees the cut. Other hosts
 * need no such thing and get the stream back as it is.
 */
export function fixedLength(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
  const { FixedLengthStream } = globalThis as { FixedLengthStream?: FixedLength };
  if (FixedLengthStream === undefined) {
    return stream;
  }
  const { readable, writable } = new FixedLengthStream(size);
  // A failure reaches the reader through `readable`; here nobody is left to tell.
  stream.pipeTo(writable).catch(() => {});
  return readable;
}

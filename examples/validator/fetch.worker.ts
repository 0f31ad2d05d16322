/**
 * The one place that connects to anything. A worker from a file has no policy but its own, so the page and the worker
 * that checks can both be forbidden every connection, and this one never sees a document that it did not fetch.
 */
import { DOCUMENT_LIMIT } from "./check.js";

export interface Fetched {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it was found, after redirects. */
  readonly url: string;
  /** The `Content-Type` that it was served by. */
  readonly contentType: string | undefined;
  /** `Docker-Content-Digest`, where the server lets a page see it. */
  readonly digest: string | undefined;
}

/** Indexes first, as the distribution specification asks of clients; longer than 128 bytes would need a preflight. */
const ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*;q=0.5";

addEventListener("message", async ({ data }: MessageEvent<{ url: string; timeLimit: number }>) => {
  try {
    const fetched = await fetchDocument(data.url, AbortSignal.timeout(data.timeLimit));
    postMessage(fetched, { transfer: [fetched.bytes.buffer] });
  } catch (error) {
    postMessage({ problem: problem(error) });
  }
});

async function fetchDocument(url: string, signal: AbortSignal): Promise<Fetched> {
  const response = await fetch(url, {
    signal,
    headers: { Accept: ACCEPT },
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
  });
  if (!response.ok) throw new Refusal(`The server answered ${response.status}.`);
  return {
    bytes: await bounded(response),
    url: response.url,
    contentType: response.headers.get("content-type") ?? undefined,
    digest: response.headers.get("docker-content-digest") ?? undefined,
  };
}

/** The body, which is given up as soon as it is too large. */
async function bounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    size += read.value.byteLength;
    if (size > DOCUMENT_LIMIT) {
      await reader?.cancel();
      throw new Refusal("It has more than 8 MiB, which no document may have.");
    }
    chunks.push(read.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

class Refusal extends Error {}

function problem(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError") return "It did not answer in time.";
  return "It cannot be reached, or does not let other pages read it (CORS).";
}

/** What the benches of the registry push. */
import { createHash, randomBytes } from "node:crypto";

/**
 * Pushes a blob in chunks, all but its end.
 *
 * @param {string} url The registry's.
 * @param {number} size In bytes, a multiple of that of the chunks.
 * @param {number} chunkSize
 * @returns {Promise<{location: URL, digest: string}>} Where it is closed, and by what.
 */
export async function pushChunks(url, size, chunkSize) {
  const chunk = randomBytes(chunkSize);
  const hash = createHash("sha256");
  let { location } = await sent(`${url}/v2/bench/blobs/uploads/`, { method: "POST" }, 202);
  for (let at = 0; at < size; at += chunkSize) {
    chunk.writeDoubleLE(at);
    hash.update(chunk);
    const headers = { "content-type": "application/octet-stream", "content-range": `${at}-${at + chunkSize - 1}` };
    ({ location } = await sent(location, { method: "PATCH", body: chunk, headers }, 202));
  }
  const digest = `sha256:${hash.digest("hex")}`;
  location.searchParams.set("digest", digest);
  return { location, digest };
}

/** Closes an upload; gives how long that took, in milliseconds. */
export async function closeUpload(location) {
  const begun = performance.now();
  await sent(location, { method: "PUT" }, 201);
  return performance.now() - begun;
}

async function sent(url, init, status) {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== status) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return { location: new URL(response.headers.get("location"), url) };
}

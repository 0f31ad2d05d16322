/** A server on loopback that sends bytes, all 7. */
import { createServer } from "node:http";
import { CHUNK } from "./streams.mjs";

/** @returns {Promise<{url: string, close(): void}>} */
export async function startOrigin(size) {
  const chunk = new Uint8Array(CHUNK).fill(7);
  const server = createServer((_, response) => {
    response.setHeader("Content-Length", size);
    let left = size;
    const send = () => {
      while (left > 0) {
        left -= CHUNK;
        if (!response.write(chunk)) return response.once("drain", send);
      }
      response.end();
    };
    send();
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

/** Reads one body for `memory.mjs`, verified or only copied, and prints by how many bytes its memory grew at most. */
import { digestStream, verifyStream } from "pierhead";
import { CHUNK, copied, drained, made } from "./lib/streams.mjs";

const [how, from, digest, size] = process.argv.slice(2);
const expected = { digest, size: Number(size) };
let most = 0;

// What is loaded at first use is no growth of a long stream.
await drained(verifyStream(made(2 ** 20), await digestStream(made(2 ** 20))));
if (from !== "made") await (await fetch(from)).body.cancel();

const before = process.memoryUsage.rss();
const body = from === "made" ? fresh(expected.size) : (await fetch(from)).body;
const read = await drained(sampled(how === "verify" ? verifyStream(body, expected) : copied(body)));
if (read !== expected.size) throw new Error(`read ${read} bytes`);
process.stdout.write(String(most - before));

/** Chunks that are each a new one, as those of a network are: garbage is a part of what is measured. */
function fresh(total) {
  let left = total;
  const pull = (controller) => {
    if (left <= 0) return controller.close();
    left -= CHUNK;
    controller.enqueue(new Uint8Array(CHUNK).fill(7));
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

// A timer would never run while a stream in memory keeps the microtasks busy.
function sampled(stream) {
  let chunks = 0;
  const transform = (chunk, controller) => {
    if (chunks++ % 64 === 0) most = Math.max(most, process.memoryUsage.rss());
    controller.enqueue(chunk);
  };
  return stream.pipeThrough(new TransformStream({ transform }));
}

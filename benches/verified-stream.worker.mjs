/** The Worker of `verified-stream.mjs`: each path is one thing to measure, and the time is taken outside. */
import { verifyStream } from "pierhead";
import { CHUNK, copied, copiedByBuffer, drained, made } from "./lib/streams.mjs";

const STEPS = {
  "/made/copy": ({ SIZE }) => drained(copied(made(SIZE))),
  "/made/hash": hostHash,
  "/made/verify": (env) => verified(made(env.SIZE), env),
  "/fetched/copy": async (env) => drained(copiedByBuffer(await fetched(env))),
  "/fetched/hash": hostHash,
  "/fetched/verify": async (env) => verified(await fetched(env), env),
};

export default {
  async fetch(request, env) {
    try {
      return new Response(String(await STEPS[new URL(request.url).pathname](env)));
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};

function verified(stream, { DIGEST, SIZE }) {
  return drained(verifyStream(stream, { digest: DIGEST, size: SIZE }, { idleTimeout: 30_000 }));
}

async function fetched({ ORIGIN }) {
  return (await fetch(ORIGIN)).body;
}

async function hostHash({ SIZE }) {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  const chunk = new Uint8Array(CHUNK).fill(7);
  for (let done = 0; done < SIZE; done += CHUNK) await writer.write(chunk);
  await writer.close();
  return (await stream.digest).byteLength;
}

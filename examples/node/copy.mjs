/**
 * Copies an image, and what is attached to it, from one registry to another, without a byte on the disk:
 *
 *   node examples/node/copy.mjs registry.example:5000/hello:1.0 mirror.example/hello:1.0 [--platform=linux/arm64] [--plain-http]
 */
import { parseArgs } from "node:util";
import { parseReference } from "pierhead";
import { copy, Registry } from "pierhead/client";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "plain-http": { type: "boolean", default: false }, platform: { type: "string" } },
});
const [source, target] = positionals;
if (target === undefined) {
  console.error("usage: node copy.mjs IMAGE IMAGE [--platform=OS/ARCHITECTURE] [--plain-http]");
  process.exit(2);
}
const counts = { copied: 0, existed: 0, mounted: 0 };

try {
  const { digest } = await copy(place(source), place(target), {
    platform: values.platform,
    referrers: true,
    onProgress,
  });
  const [copied, existed, mounted] = Object.values(counts);
  console.log(`${digest}: ${copied} copied, ${existed} there already, ${mounted} mounted`);
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`copy: ${error.message.replace(/\p{Cc}/gu, " ")}`);
  process.exit(1);
}

/** A repository and the tag or digest in it. */
function place(image) {
  const { registry, repository, tag, digest } = parseReference(image);
  const host = new Registry(registry, { plainHttp: values["plain-http"] });
  return { repository: host.repository(repository), reference: digest ?? tag };
}

/** Each blob says how far it has come; blobs and manifests how they came to be there. */
function onProgress({ digest, bytes, total, status }) {
  if (status !== undefined) counts[status] += 1;
  const percent = total === 0 ? 100 : Math.floor((100 * bytes) / total);
  if (process.stderr.isTTY) process.stderr.write(`\r${digest.slice(0, 19)} ${percent} % ${status ?? ""}\x1b[K`);
}

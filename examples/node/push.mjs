/**
 * Pushes files as an artifact, and tags it. A file is read to know its digest, and sent only where the registry does not have it:
 *
 *   node examples/node/push.mjs registry.example:5000 notes:1.0 README.md LICENSE [--plain-http]
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { parseReference } from "pierhead";
import { Registry } from "pierhead/client";

/** What the artifact is: a media type of one's own. */
const ARTIFACT_TYPE = "application/vnd.example.files.v1";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "plain-http": { type: "boolean", default: false } },
});
const [host, artifact, ...paths] = positionals;
if (paths.length === 0) {
  console.error("usage: node push.mjs REGISTRY REPOSITORY:TAG FILE... [--plain-http]");
  process.exit(2);
}

try {
  await push();
} catch (error) {
  console.error(`push: ${error.message.replace(/\p{Cc}/gu, " ")}`);
  process.exit(1);
}

async function push() {
  // Only a complete reference says where the name ends and the tag begins.
  const { repository: name, tag } = parseReference(`registry.invalid/${artifact}`);
  const repository = new Registry(host, { plainHttp: values["plain-http"] }).repository(name);

  // An artifact without a configuration has the empty one (image specification, "Guidance for an Empty Descriptor").
  const config = await repository.blobs.push(new TextEncoder().encode("{}"));
  const layers = [];
  for (const path of paths) {
    const { digest, size, status } = await repository.blobs.push(await fileContent(path), { onProgress });
    console.log(`${digest} ${size} ${status} ${path}`);
    const annotations = { "org.opencontainers.image.title": basename(path) };
    layers.push({ mediaType: "application/octet-stream", digest, size, annotations });
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: ARTIFACT_TYPE,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config.digest, size: config.size },
    layers,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const { digest } = await repository.manifests.put(bytes, { reference: tag });
  console.log(`${digest} ${artifact}`);
}

/** A file that can be read from any byte on: a push whose connection breaks goes on from where it was. */
async function fileContent(path) {
  const { size } = await stat(path);
  return { size, open: (offset) => Readable.toWeb(createReadStream(path, { start: offset })) };
}

function onProgress({ bytes, total }) {
  if (process.stderr.isTTY) process.stderr.write(`\r${bytes} of ${total} bytes${bytes === total ? "\n" : ""}`);
}

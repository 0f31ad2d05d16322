/**
 * Pulls an image into an OCI image layout, with every byte verified:
 *
 *   node examples/node/pull.mjs registry.example:5000 hello:1.0 layout [--plain-http]
 */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseDigest, parseReference } from "pierhead";
import { Registry } from "pierhead/client";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "plain-http": { type: "boolean", default: false } },
});
const [host, image, folder] = positionals;
/** The digests of what is on disk. */
const saved = new Set();
/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;
if (folder === undefined) {
  console.error("usage: node pull.mjs REGISTRY REPOSITORY:TAG FOLDER [--plain-http]");
  process.exit(2);
}

try {
  await pull();
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`pull: ${error.message.replace(/\p{Cc}/gu, " ")}`);
  process.exit(1);
}

async function pull() {
  // Only a complete reference says where the name ends and the tag begins.
  const { repository: name, tag, digest: pinned } = parseReference(`registry.invalid/${image}`);
  const registry = new Registry(host, { plainHttp: values["plain-http"] });
  const repository = registry.repository(name);
  const { digest, size, document } = await repository.manifests.get(pinned ?? tag);
  await pullManifest(repository, { digest, document }, 0);

  // The two files that make the folder a layout come last: until then, nobody takes it for a whole image.
  const annotations = tag === undefined ? {} : { "org.opencontainers.image.ref.name": tag };
  const manifests = [{ mediaType: document.mediaType, digest, size, annotations }];
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

/** Writes what a manifest points at, then the manifest: what is on disk is whole. */
async function pullManifest(repository, { digest, document }, depth) {
  if (depth > MAX_DEPTH) throw new Error(`${digest}: more than ${MAX_DEPTH} indexes deep`);
  const { config, layers, manifests } = document.descriptors();
  for (const descriptor of manifests) {
    if (saved.has(descriptor.digest)) continue;
    const manifest = await repository.manifests.get(descriptor.digest);
    if (manifest.size !== descriptor.size) throw new Error(`${descriptor.digest}: not of the size that its index says`);
    await pullManifest(repository, manifest, depth + 1);
  }
  for (const descriptor of config === undefined ? layers : [config, ...layers]) {
    if (saved.has(descriptor.digest)) continue;
    const { body } = await repository.blobs.get(descriptor.digest, { size: descriptor.size });
    await save(descriptor.digest, body);
  }
  await save(digest, [document.bytes]);
}

/** Writes verified bytes. The file gets its name only when the last of them has come. */
async function save(digest, chunks) {
  const { algorithm, encoded } = parseDigest(digest);
  const blobs = join(folder, "blobs", algorithm);
  await mkdir(blobs, { recursive: true });
  const temporary = join(blobs, `.${randomUUID()}`);
  try {
    await writeFile(temporary, chunks, { flag: "wx" });
    await rename(temporary, join(blobs, encoded));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  saved.add(digest);
  console.log(digest);
}

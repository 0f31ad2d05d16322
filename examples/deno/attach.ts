/**
 * Attaches a file to an image (a signature, a bill of materials), and lists all that is attached to it:
 *
 *   deno run --allow-net --allow-read examples/deno/attach.ts registry.example:5000 hello:1.0 sbom.json application/spdx+json [--plain-http]
 */
import { parseReference } from "pierhead";
import { Registry, type Repository } from "pierhead/client";

const plainHttp = Deno.args.includes("--plain-http");
const [host, image, path, type] = Deno.args.filter((argument) => !argument.startsWith("--"));
if (host === undefined || image === undefined || path === undefined || type === undefined) {
  console.error("usage: attach.ts REGISTRY REPOSITORY:TAG FILE MEDIA-TYPE [--plain-http]");
  Deno.exit(2);
}

/** Pushes the file, and a manifest that refers to the image by `subject`. */
async function attach(repository: Repository, reference: string, file: Uint8Array, artifactType: string) {
  const { digest, size, mediaType } = await repository.manifests.head(reference);
  const [config, layer] = [
    await repository.blobs.push(new TextEncoder().encode("{}")),
    await repository.blobs.push(file),
  ];
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType,
    // Without a configuration (image specification, "Guidance for an Empty Descriptor").
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: config.digest, size: config.size },
    layers: [{ mediaType: artifactType, digest: layer.digest, size: layer.size }],
    subject: { mediaType, digest, size },
  };
  // Where the registry keeps no list of referrers, the index under the fallback tag is written as well.
  const pushed = await repository.manifests.put(new TextEncoder().encode(JSON.stringify(manifest)));
  return { subject: digest, attached: pushed.digest };
}

try {
  // Only a complete reference says where the name ends and the tag begins.
  const { repository: name, tag } = parseReference(`registry.invalid/${image}`);
  const repository = new Registry(host, { plainHttp }).repository(name);
  const { subject, attached } = await attach(repository, tag ?? "latest", await Deno.readFile(path), type);
  console.log(`attached ${attached} to ${subject}`);
  for await (const { digest, artifactType } of repository.referrers.list(subject)) {
    console.log(`${digest} ${artifactType}`);
  }
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`attach: ${String(error).replace(/\p{Cc}/gu, " ")}`);
  Deno.exit(1);
}

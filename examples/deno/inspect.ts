/**
 * Shows what an image is made of, for one platform, without pulling its layers:
 *
 *   deno run --allow-net examples/deno/inspect.ts registry.example:5000 hello:1.0 linux/arm64 [--plain-http]
 */
import { type Descriptor, parseReference, resolvePlatform } from "pierhead";
import { Registry, type Repository } from "pierhead/client";

const plainHttp = Deno.args.includes("--plain-http");
const [host, image, platform = "linux/amd64"] = Deno.args.filter((argument) => !argument.startsWith("--"));
if (host === undefined || image === undefined) {
  console.error("usage: inspect.ts REGISTRY REPOSITORY:TAG [OS/ARCHITECTURE] [--plain-http]");
  Deno.exit(2);
}

/** The manifest of the image for the platform, through as many indexes as there are on the way. */
async function imageFor(repository: Repository, reference: string) {
  const root = await repository.manifests.get(reference);
  if (root.document.kind !== "image-index") return root;
  const resolve = async ({ digest }: Descriptor) => (await repository.manifests.get(digest)).document;
  const entry = await resolvePlatform(root.document, platform, { resolve });
  if (entry === undefined) throw new Error(`there is no image for ${platform}`);
  return await repository.manifests.get(entry.digest);
}

try {
  // Only a complete reference says where the name ends and the tag begins.
  const { repository: name, tag } = parseReference(`registry.invalid/${image}`);
  const repository = new Registry(host, { plainHttp }).repository(name);
  const { digest, document } = await imageFor(repository, tag ?? "latest");
  const { config, layers } = document.descriptors();
  console.log(`manifest ${digest}`);
  if (config !== undefined) {
    // The stream errors before its end if the bytes are not those of the digest.
    const { body } = await repository.blobs.get(config.digest, { size: config.size, limit: 4 * 1024 * 1024 });
    const { architecture, os } = JSON.parse(await new Response(body).text());
    console.log(`config ${config.digest} ${os}/${architecture}`);
  }
  for (const { digest, size, mediaType } of layers) console.log(`layer ${digest} ${size} ${mediaType}`);
} catch (error) {
  // A registry's words must not reach the terminal as commands.
  console.error(`inspect: ${String(error).replace(/\p{Cc}/gu, " ")}`);
  Deno.exit(1);
}

/** What a user's first program looks like: it has to give the same line everywhere. */
import { digest, parseReference, validate } from "pierhead";
import { Registry } from "pierhead/client";
import { createFront } from "pierhead/front";
import { readArchive, writeArchive } from "pierhead/layout";

export async function consume() {
  const reference = parseReference("alpine");
  const { valid, kind } = validate(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    }),
  );
  const front = createFront({ upstream: "https://registry.example" });
  const { status } = await front(new Request("http://localhost/v2/"));
  const { name } = new Registry("registry.example").repository("hello");
  const { readable, writable } = new TransformStream();
  const archive = new Response(readable).blob();
  await (await writeArchive(writable)).close();
  const images = (await (await readArchive(await archive)).manifests()).length;
  return JSON.stringify({
    digest: digest("abc"),
    registry: reference.registry,
    repository: reference.repository,
    valid,
    kind,
    status,
    name,
    images,
  });
}

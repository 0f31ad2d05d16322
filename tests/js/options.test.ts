/** Options that may be there or not are handed on as they are: undefined is as good as left out, in types (`exactOptionalPropertyTypes`) and in fact. */
import {
  digest,
  fromPurl,
  type GraphOptions,
  OciDocument,
  platformRuns,
  resolvePlatform,
  toPurl,
  validateImage,
  validateLayout,
} from "pierhead";
import { Registry } from "pierhead/client";
import { createFront } from "pierhead/front";
import { expect, test } from "vitest";

const INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

test("of documents, platforms and package URLs", async () => {
  const document = OciDocument.parse(INDEX, { mediaType: undefined });
  expect(platformRuns("linux/arm/v7", "linux/arm/v6", { variants: undefined })).toBe(true);
  const resolve = () => document;
  expect(await resolvePlatform(document, "linux/amd64", { resolve, variants: undefined })).toBe(undefined);
  expect(fromPurl(toPurl("alpine", { type: undefined, arch: undefined })).qualifiers).not.toHaveProperty("arch");
});

test("of graphs", async () => {
  const limits = { depth: undefined, descriptors: undefined, bytes: undefined };
  const options: GraphOptions = { profile: undefined, signal: undefined, idleTimeout: undefined, limits };
  const open = () => undefined;
  const named = { ...options, mediaType: undefined, name: undefined };
  const names: string[] = [];
  for await (const { name } of validateImage(INDEX, { open }, named)) names.push(name);
  for await (const { name } of validateLayout({ open }, { ...options, limits: undefined })) names.push(name);
  expect(names).toEqual([digest(INDEX), "oci-layout", "index.json"]);
});

test("of clients and fronts", async () => {
  const fetch = async () => new Response(INDEX, { headers: { "content-length": String(INDEX.length) } });
  const timeouts = { headersTimeout: undefined, idleTimeout: undefined };
  const repository = new Registry("registry.example", { plainHttp: undefined, ...timeouts, fetch }).repository("a");
  const { document } = await repository.manifests.get("1", { signal: undefined, accept: undefined });
  const { body } = await repository.blobs.get(document.digest, { signal: undefined, size: undefined });
  expect(await new Response(body).text()).toBe(INDEX);
  const upstream = { url: "registry.example", plainHttp: undefined, ...timeouts, fetch: undefined };
  expect(createFront({ upstream, cors: undefined, onError: undefined })).toBeTypeOf("function");
});

/** What a user's TypeScript says of the package: it has to compile against its declarations, with nothing but the web's types. */
import { type LayoutFiles, type Report, selectPlatform, validate, validateLayout } from "pierhead";
import { type Manifest, Registry } from "pierhead/client";
import { type CollectReport, createFront, type ObjectStore } from "pierhead/front";
import { type ImageLayout, layoutFiles, openLayout } from "pierhead/layout";
import { init } from "pierhead/slim";

export const report: Report = validate(new Uint8Array(), { profile: "dev" });
export const front: (request: Request) => Promise<Response> = createFront({ upstream: "https://registry.example" });
// @ts-expect-error: nothing is collected of another registry.
export const none = createFront({ upstream: "https://registry.example" }).collect;
export const collect = (store: ObjectStore): Promise<CollectReport> =>
  createFront({ store }).collect({ policies: [{ repositories: "ci/**", keepTags: 3 }] });
export const begin: (module: WebAssembly.Module) => void = init;

export async function errorsOf(files: LayoutFiles): Promise<string[]> {
  const rules: string[] = [];
  for await (const { report } of validateLayout(files)) rules.push(...report.issues.map(({ rule }) => rule));
  return rules;
}

export async function imagesIn(folder: string): Promise<number> {
  const layout: ImageLayout = await openLayout(folder);
  // @ts-expect-error: content is a stream.
  await layout.put({ mediaType: "a/b", digest: "", size: 0, annotations: {}, urls: [] }, "content");
  return (await layout.manifests()).length + (await errorsOf(layoutFiles(folder))).length;
}

export async function sizeOf(tag: string): Promise<number | undefined> {
  const index: Manifest = await new Registry("registry.example").repository("hello").manifests.get(tag);
  // @ts-expect-error: a platform is a text or an object, and so the declarations do say something.
  selectPlatform(index.document, 1);
  return selectPlatform(index.document, "linux/amd64")?.size;
}

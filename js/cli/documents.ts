import { existsSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT_LIMIT } from "../document.js";
import { repositorySource } from "../entry/client.js";
import {
  type Descriptor,
  type GraphOptions,
  type ImageSource,
  type NamedReport,
  OciDocument,
  type Platform,
  resolvePlatform,
  type ValidateOptions,
  validate,
  validateImage,
  validateLayout,
  verifyStream,
} from "../entry/index.js";
import { layoutFiles } from "../entry/layout.js";
import { blobPath } from "../layout/paths.js";
import { readAll } from "../stream.js";
import { readDocument } from "./input.js";
import { CliError } from "./output.js";
import type { Registries } from "./registries.js";
import { isIndex, missing } from "./select.js";
import { targetOf } from "./target.js";
import { isWithin } from "./within.js";

/** How what is named is read and judged. */
export interface DocumentOptions {
  readonly validation: ValidateOptions;
  /** Of an image or a layout, only what is for this platform. */
  readonly platform?: Platform | undefined;
  readonly registries: Registries;
  readonly signal: AbortSignal;
}

/** The documents that a name stands for, with the verdicts on them. */
export async function* documentsOf(name: string, options: DocumentOptions): AsyncGenerator<NamedReport> {
  const target = targetOf(name);
  if (target === "image" || target === "folder") {
    if (options.validation.mediaType !== undefined) throw new CliError("--media-type is for documents in files");
    yield* target === "image" ? imageReports(name, options) : layoutReports(name, options);
  } else {
    if (options.platform !== undefined) throw new CliError("--platform is for images and layouts");
    yield await fileReport(name, options);
  }
}

async function fileReport(name: string, { validation, signal }: DocumentOptions): Promise<NamedReport> {
  const bytes = await readDocument(name, signal);
  return { name, report: validate(bytes, validation), bytes };
}

async function* layoutReports(folder: string, options: DocumentOptions): AsyncGenerator<NamedReport> {
  if (!["oci-layout", "index.json"].some((name) => existsSync(join(folder, name)))) {
    throw new CliError("not an OCI image layout: it has neither oci-layout nor index.json");
  }
  const files = layoutFiles(folder);
  const { platform, signal } = options;
  if (platform === undefined) {
    for await (const { name, report, bytes } of validateLayout(files, graphOptions(options))) {
      const quoted = bytes !== undefined && (await isWithin(folder, name));
      yield { name: join(folder, name), report, ...(quoted && { bytes }) };
    }
    return;
  }
  const source: ImageSource = { open: ({ digest }) => files.open(blobPath(digest)) };
  const index = OciDocument.parse(await readDocument(join(folder, "index.json"), signal));
  const image = await chosen(index, source, platform, signal);
  for await (const report of validateImage(image, source, graphOptions(options))) {
    yield { ...report, name: join(folder, blobPath(report.name)) };
  }
}

async function* imageReports(reference: string, options: DocumentOptions): AsyncGenerator<NamedReport> {
  const { name, repository, identifier } = options.registries.image(reference);
  const { platform, signal } = options;
  const source = repositorySource(repository, { signal });
  const { bytes, mediaType, digest } = await repository.manifests.raw(identifier, { signal });
  const document = platform && OciDocument.parse(bytes, { mediaType });
  const root = document && isIndex(document) ? await chosen(document, source, platform, signal) : bytes;
  const own = root === bytes ? { mediaType, name: digest } : {};
  for await (const report of validateImage(root, source, { ...graphOptions(options), ...own })) {
    yield { ...report, name: `${name}@${report.name}` };
  }
}

/** What an index has for a platform, through the indexes in it. */
async function chosen(
  index: OciDocument,
  source: ImageSource,
  platform: Platform,
  signal: AbortSignal,
): Promise<Descriptor> {
  let last = index;
  const resolve = async (descriptor: Descriptor): Promise<OciDocument> => {
    const stream = await source.open(descriptor, "index");
    if (stream === undefined) throw new CliError(`the index ${descriptor.digest} is missing`);
    const bytes = await readAll(verifyStream(stream, descriptor, { signal }), DOCUMENT_LIMIT, { signal });
    last = OciDocument.parse(bytes, { mediaType: descriptor.mediaType });
    return last;
  };
  return (await resolvePlatform(index, platform, { resolve })) ?? missing(last, platform);
}

function graphOptions({ validation: { profile }, signal }: DocumentOptions): GraphOptions {
  return { profile, signal };
}

import type { Command } from "commander";
import type { PushedManifest, RawManifest } from "../../entry/client.js";
import { OciDocument, parsePlatform } from "../../entry/index.js";
import { gathered, mediaType } from "../arguments.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { readDocument } from "../input.js";
import { jsonLine, type Output, printable } from "../output.js";
import { readManifest } from "../platforms.js";
import { addReachOptions, isSpecific, type ReachFlags, Registries } from "../registries.js";
import { fileOf, type SaveFlags, save } from "../save.js";
import { addManifestDelete } from "./delete.js";

const GET_EXAMPLES = `
Examples:
  $ pierhead manifest get alpine:3.22
  $ pierhead manifest get --platform linux/arm64 ghcr.io/owner/image:tag -o manifest.json
  $ pierhead manifest get alpine:3.22 | sha256sum

With --json: {"name", "digest", "mediaType", "size", "verified", "file" or
"manifest"}; "verified" is whether the digest was known before the manifest came.

Exit status: 0, 1 if it is not what it has to be, 2 if it could not be read or
the arguments are wrong.`;

const PUT_EXAMPLES = `
What has neither tag nor digest in its name goes by its digest alone. What it
points at has to be in the repository already, to most registries.

Examples:
  $ pierhead manifest put registry.example/owner/image:tag manifest.json
  $ pierhead manifest put registry.example/owner/image --tag 1 --tag 1.2 - < index.json

With --json: {"name", "digest", "mediaType", "size", "tags", "subject"}; the
last is there if it has a subject.

Exit status: 0, 1 if it is no manifest, 2 if it could not be pushed or the
arguments are wrong.`;

interface PutFlags extends ReachFlags {
  mediaType?: string;
  tag?: readonly string[];
  json?: true;
}

interface GetFlags extends ReachFlags, SaveFlags {
  platform?: string;
  json?: true;
}

/** Adds `pierhead manifest`. */
export function addManifest(program: Command, context: Context): void {
  const manifest = program
    .command("manifest")
    .summary("read, push and delete manifests")
    .description("Reads, pushes and deletes manifests and indexes, in their exact bytes.")
    .helpCommand(false);
  const get = manifest
    .command("get")
    .summary("print a manifest, or save it in a file")
    .description(
      "Prints a manifest or an index in its exact bytes, which are verified; on a terminal, controls in it are escaped.",
    )
    .argument("<reference>", "an image in a registry, by tag or digest")
    .option("-o, --output <file>", "save it in this file")
    .option("--force", "overwrite the file")
    .option("--platform <platform>", "of an index, the manifest for this platform, such as linux/arm64/v8")
    .option("--json", "print one line of JSON about it");
  addReachOptions(get)
    .addHelpText("after", GET_EXAMPLES)
    .action((reference: string, flags: GetFlags) =>
      carryOut(reference, context, () => getManifest(reference, flags, context)),
    );
  addPut(manifest, context);
  addManifestDelete(manifest, context);
}

function addPut(manifest: Command, context: Context): void {
  const put = manifest
    .command("put")
    .summary("push a manifest in its exact bytes")
    .description("Pushes a manifest or an index in its exact bytes, under a tag, several, or its digest.")
    .argument("<reference>", "where to: registry/repository, with a tag or its digest")
    .argument("<file>", "the manifest, or - for standard input")
    .option("--tag <tag>", "another tag that is to point at it, as often as needed", gathered)
    .option("--media-type <type>", "its media type, where it does not say", mediaType)
    .option("--json", "print one line of JSON about it");
  addReachOptions(put)
    .addHelpText("after", PUT_EXAMPLES)
    .action((reference: string, file: string, flags: PutFlags) =>
      carryOut(reference, context, () => putManifest(reference, file, flags, context)),
    );
}

async function putManifest(text: string, file: string, flags: PutFlags, context: Context): Promise<void> {
  const { output, signal } = context;
  const { name, repository, identifier } = new Registries(flags, context).image(text);
  const bytes = await readDocument(file, signal);
  const reference = isSpecific(text) ? identifier : undefined;
  const pushed = await repository.manifests.put(bytes, {
    reference,
    tags: flags.tag,
    mediaType: flags.mediaType,
    signal,
  });
  const { digest, mediaType, size, tags, subject } = pushed;
  if (flags.json) output.line(jsonLine({ name, digest, mediaType, size, tags, ...(subject && { subject }) }));
  else for (const place of placesOf(pushed, name)) output.line(`${digest}  ${place}`);
}

async function getManifest(reference: string, flags: GetFlags, context: Context): Promise<void> {
  const { output, signal } = context;
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const { name, repository, identifier } = new Registries(flags, context).image(reference);
  const manifest = await readManifest(repository, { identifier, platform, signal });
  const file = fileOf(flags);
  if (file !== undefined) await save([manifest.bytes], flags, output);
  if (flags.json)
    output.line(
      jsonLine({ name, ...described(manifest), ...(file === undefined ? { manifest: parsed(manifest) } : { file }) }),
    );
  else if (file !== undefined) output.line(`${manifest.digest}  ${printable(file)}`);
  else await show(manifest, output);
}

/** Where what was pushed is to be found. */
function placesOf({ digest, tags }: PushedManifest, name: string): string[] {
  return tags.length === 0 ? [`${name}@${digest}`] : tags.map((tag) => `${name}:${tag}`);
}

function described({ digest, mediaType, size, verified }: RawManifest): object {
  return { digest, mediaType: mediaType ?? null, size, verified };
}

function parsed({ bytes, mediaType }: RawManifest): unknown {
  return OciDocument.parse(bytes, { mediaType }).json();
}

/** The exact bytes, unless a person would read them: then nothing that a terminal obeys. */
async function show({ bytes }: RawManifest, output: Output): Promise<void> {
  if (!output.isTerminal) return await output.bytes(bytes);
  for (const line of new TextDecoder().decode(bytes).split("\n")) output.line(printable(line));
}

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { RawManifest, Repository } from "../../entry/client.js";
import { ANNOTATIONS, OciDocument, parsePlatform } from "../../entry/index.js";
import { gathered } from "../arguments.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { checkStdinOnce, STDIN } from "../input.js";
import { CliError, jsonLine } from "../output.js";
import { readManifest } from "../platforms.js";
import { createProgress, type Progress } from "../progress/progress.js";
import { pushFile } from "../push-file.js";
import { addReachOptions, type ReachFlags, Registries } from "../registries.js";

const EXAMPLES = `
A file is followed by its media type, FILE:TYPE, or else is application/octet-stream.
What is attached goes by its digest, and is found as a referrer of the image.

Examples:
  $ pierhead attach registry.example/owner/image:tag --artifact-type application/spdx+json sbom.json:application/spdx+json
  $ pierhead attach --platform linux/arm64 registry.example/owner/image:tag \\
      --artifact-type application/vnd.example.report report.txt --annotation org.opencontainers.image.created=2026-01-31T12:00:00Z

With --json: {"name", "digest", "mediaType", "size", "artifactType", "subject"}.

Exit status: 0, 1 if the image is not what it has to be, 2 if something could not
be read or pushed or the arguments are wrong.`;

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** What stands for nothing (image specification, "Guidance for an Empty Descriptor"). */
const EMPTY = new TextEncoder().encode("{}");
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

/** The media type of bytes that nobody has said anything of. */
const BYTES_TYPE = "application/octet-stream";

/** RFC 6838, section 4.2. */
const MEDIA_TYPE = /^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}$/;

interface Flags extends ReachFlags {
  artifactType: string;
  annotation?: readonly string[];
  platform?: string;
  quiet?: true;
  json?: true;
}

/** A file, and what it is. */
interface Attached {
  readonly file: string;
  readonly mediaType: string;
  /** The name under which whoever fetches it may keep it. */
  readonly title: string | undefined;
}

/** A descriptor as a manifest has it. */
interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Adds `pierhead attach`. */
export function addAttach(program: Command, context: Context): void {
  const command = program
    .command("attach")
    .summary("attach files to an image: an SBOM, a report, a signature")
    .description("Pushes files as an artifact that refers to an image, and prints its digest.")
    .argument("<reference>", "an image in a registry, by tag or digest")
    .argument("[file...]", "files, each with its media type behind a colon; - for standard input")
    .requiredOption("--artifact-type <type>", "what it is: a media type", artifactType)
    .option("--annotation <key=value>", "an annotation of the artifact, as often as needed", gathered)
    .option("--platform <platform>", "of an index, attach it to the manifest for this platform")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one line of JSON about it");
  addReachOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((reference: string, files: string[], flags: Flags) =>
      carryOut(reference, context, () => attach(reference, files, flags, context)),
    );
}

function artifactType(text: string): string {
  if (!MEDIA_TYPE.test(text))
    throw new InvalidArgumentError("It has to be a media type, such as application/spdx+json.");
  return text;
}

async function attach(reference: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { output, signal } = context;
  const attached = files.map(attachedFile);
  checkStdinOnce(attached.map(({ file }) => file));
  checkTitles(attached);
  // Before others are pushed, and for nothing.
  for (const { file } of attached) if (file !== STDIN) await stat(file);
  const annotations = annotationsOf(flags.annotation ?? []);
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const { name, repository, identifier } = new Registries(flags, context).image(reference);
  const subject = subjectOf(await readManifest(repository, { identifier, platform, signal }));
  const progress = createProgress({ quiet: flags.quiet === true, json: flags.json === true }, output);
  try {
    const layers = await pushFiles(repository, attached, progress, signal);
    const config = await pushEmpty(repository, signal);
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: flags.artifactType,
      config,
      layers: layers.length > 0 ? layers : [config],
      subject,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const { digest, mediaType, size } = await repository.manifests.put(bytes, { signal });
    progress.end();
    const result = { name, digest, mediaType, size, artifactType: flags.artifactType, subject: subject.digest };
    output.line(flags.json ? jsonLine(result) : `${digest}  ${name}@${digest}`);
  } finally {
    progress.end();
  }
}

/** The descriptor of what is referred to. What the registry does not name, its bytes do. */
function subjectOf({ bytes, mediaType, digest, size }: RawManifest): Part {
  const known = OciDocument.parse(bytes, { mediaType }).mediaType;
  if (known === undefined) throw new CliError("is no manifest or index that anything could refer to");
  return { mediaType: known, digest, size };
}

/** Files one after the other, so that what goes wrong is not about several at once. */
async function pushFiles(
  repository: Repository,
  files: readonly Attached[],
  progress: Progress,
  signal: AbortSignal,
): Promise<Part[]> {
  const layers: Part[] = [];
  for (const { file, mediaType, title } of files) {
    const { digest, size } = await pushFile(repository, file, { progress, signal });
    layers.push({
      mediaType,
      digest,
      size,
      ...(title !== undefined && { annotations: { [ANNOTATIONS.title]: title } }),
    });
  }
  return layers;
}

async function pushEmpty(repository: Repository, signal: AbortSignal): Promise<Part> {
  const { digest, size } = await repository.blobs.push(EMPTY, { signal });
  return { mediaType: EMPTY_TYPE, digest, size };
}

/** A file, of which a media type may stand behind the last colon, unless the whole is the name of one. */
function attachedFile(argument: string): Attached {
  const colon = argument.lastIndexOf(":");
  const mediaType = argument.slice(colon + 1);
  const typed = colon > 0 && MEDIA_TYPE.test(mediaType) && !existsSync(argument);
  const file = typed ? argument.slice(0, colon) : argument;
  return {
    file,
    mediaType: typed ? mediaType : BYTES_TYPE,
    title: file === STDIN ? undefined : basename(file),
  };
}

/** Whoever fetches them into a folder would lose one of two. */
function checkTitles(files: readonly Attached[]): void {
  const titles = new Set<string>();
  for (const { title } of files) {
    if (title === undefined) continue;
    if (titles.has(title)) throw new CliError(`two files would go by one name: ${title}`);
    titles.add(title);
  }
}

function annotationsOf(given: readonly string[]): Record<string, string> {
  const annotations = new Map<string, string>();
  for (const text of given) {
    const equals = text.indexOf("=");
    if (equals <= 0) throw new CliError(`--annotation ${text}: is not key=value`);
    const key = text.slice(0, equals);
    if (annotations.has(key)) throw new CliError(`--annotation ${key}: is given twice`);
    annotations.set(key, text.slice(equals + 1));
  }
  return Object.fromEntries(annotations);
}

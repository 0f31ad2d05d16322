import type { Command } from "commander";
import { DOCUMENT_LIMIT } from "../../document.js";
import { type Descriptor, type Platform, parsePlatform, verifyStream } from "../../entry/index.js";
import type { ImageLayout } from "../../entry/layout.js";
import { readAll } from "../../stream.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, counted, humanSize, jsonLine, type Output, printable } from "../output.js";
import { openSource } from "../places/open.js";
import { type LayoutPlace, parsePlace } from "../places/place.js";
import { chosenManifest, readManifest } from "../platforms.js";
import { addReachOptions, type ReachFlags, Registries } from "../registries.js";
import { branches } from "../tree.js";

const EXAMPLES = `
Examples:
  $ pierhead referrers ghcr.io/owner/image:tag
  $ pierhead referrers --recursive --platform linux/arm64 ghcr.io/owner/image:tag
  $ pierhead referrers --artifact-type application/spdx+json ghcr.io/owner/image:tag
  $ pierhead referrers oci-archive:image.tar:1.0

With --json: {"name", "digest", "referrers"}, each of these as {"digest",
"mediaType", "size", "artifactType", "annotations"}, with "artifactType" where it
is known, and "referrers" of its own with --recursive.

Exit status: 0, or 2 if they could not be read or the arguments are wrong.`;

/** The most that are followed: what signs a signature may be signed in turn. */
const MAX_REFERRERS = 10_000;
const MAX_DEPTH = 16;

interface Flags extends ReachFlags {
  artifactType?: string;
  recursive?: true;
  platform?: string;
  json?: true;
}

/** Something that refers to an image, or to what refers to it. */
interface Referrer extends Pick<Descriptor, "digest" | "mediaType" | "size" | "artifactType" | "annotations"> {
  /** What refers to it; undefined if that was not asked for. */
  referrers?: Referrer[];
}

/** Lists the descriptors of what refers to a digest. */
type List = (digest: string) => AsyncIterable<Descriptor>;

/** Adds `pierhead referrers`. */
export function addReferrers(program: Command, context: Context): void {
  const command = program
    .command("referrers")
    .summary("list what refers to an image: signatures, attestations, SBOMs")
    .description(
      "Lists what refers to a manifest or an index as its subject: signatures, attestations, SBOMs and other artifacts.",
    )
    .argument("<reference>", "an image in a registry, by tag or digest; or oci:FOLDER[:NAME], oci-archive:FILE[:NAME]")
    .option("--artifact-type <type>", "only those of this artifact type")
    .option("-r, --recursive", "also what refers to these, and so on")
    .option("--platform <platform>", "of an index, what refers to the manifest for this platform")
    .option("--json", "print one line of JSON");
  addReachOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((reference: string, flags: Flags) =>
      carryOut(reference, context, () => listReferrers(reference, flags, context)),
    );
}

/** An image, and how what refers to it is found. */
interface Subject {
  readonly name: string;
  readonly digest: string;
  readonly list: List;
}

async function listReferrers(reference: string, flags: Flags, context: Context): Promise<void> {
  const place = /^(?:oci|oci-archive|docker-archive):/.test(reference) ? parsePlace(reference) : undefined;
  if (place === undefined || place.kind === "registry")
    return await show(await inRegistry(reference, flags, context), flags, context);
  const { output, signal } = context;
  const source = await openSource(place, { registries: new Registries(flags, context), output, signal });
  try {
    if ("layout" in source.place) await show(await inLayout(source.place.layout, place, flags, signal), flags, context);
  } finally {
    await source.close();
  }
}

function platformOf({ platform }: Flags): Platform | undefined {
  return platform === undefined ? undefined : parsePlatform(platform);
}

async function inRegistry(reference: string, flags: Flags, context: Context): Promise<Subject> {
  const { signal } = context;
  const { name, repository, identifier } = new Registries(flags, context).image(reference);
  const { digest } = await readManifest(repository, { identifier, platform: platformOf(flags), signal });
  const list: List = (subject) => repository.referrers.list(subject, { artifactType: flags.artifactType, signal });
  return { name, digest, list };
}

async function inLayout(layout: ImageLayout, place: LayoutPlace, flags: Flags, signal: AbortSignal): Promise<Subject> {
  const read = async (reference: string) => {
    const found = await layout.resolve(reference || undefined, { signal });
    const stream = found && (await layout.open(found, { signal }));
    if (found === undefined || stream === undefined) throw new CliError("the layout has nothing of this name");
    const bytes = await readAll(verifyStream(stream, found, { signal }), DOCUMENT_LIMIT, { signal });
    return { bytes, mediaType: found.mediaType, digest: found.digest };
  };
  const { digest } = await chosenManifest(read, { identifier: place.reference ?? "", platform: platformOf(flags) });
  const list: List = (subject) => layout.referrers(subject, { artifactType: flags.artifactType, signal });
  return { name: place.text, digest, list };
}

async function show({ name, digest, list }: Subject, flags: Flags, { output }: Context): Promise<void> {
  const found = await gather(list, digest, flags.recursive === true);
  if (flags.json) {
    output.line(jsonLine({ name, digest, referrers: found }));
    return;
  }
  output.line(`${output.mark("strong", printable(name))} ${digest}`);
  showTree(found, [], output);
  output.line(counted(count(found), "referrer"));
}

/** What refers to a digest; each digest that was met before is not followed again. */
async function gather(list: List, digest: string, recursive: boolean): Promise<Referrer[]> {
  const seen = new Set([digest]);
  let total = 0;
  const below = async (subject: string, depth: number): Promise<Referrer[]> => {
    const found: Referrer[] = [];
    for await (const descriptor of list(subject)) {
      total += 1;
      if (total > MAX_REFERRERS) throw new CliError(`there are more than ${MAX_REFERRERS} referrers`);
      found.push(referrerOf(descriptor));
    }
    if (!recursive) return found;
    for (const referrer of found) {
      if (seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      if (depth >= MAX_DEPTH) throw new CliError(`there are referrers of referrers more than ${MAX_DEPTH} levels deep`);
      referrer.referrers = await below(referrer.digest, depth + 1);
    }
    return found;
  };
  return await below(digest, 1);
}

function referrerOf({ digest, mediaType, size, artifactType, annotations }: Descriptor): Referrer {
  return { digest, mediaType, size, ...(artifactType !== undefined && { artifactType }), annotations };
}

function showTree(referrers: readonly Referrer[], lasts: readonly boolean[], output: Output): void {
  for (const [index, referrer] of referrers.entries()) {
    const path = [...lasts, index === referrers.length - 1];
    const own = referrer.referrers ?? [];
    const { before, below } = branches(path, own.length > 0);
    const { digest, size, artifactType, annotations } = referrer;
    const words = [printable(digest), humanSize(size).padStart(10), printable(artifactType ?? "")];
    output.line(output.mark("faint", before) + words.join(" ").trimEnd());
    for (const [key, value] of Object.entries(annotations)) {
      output.line(output.mark("faint", `${below}${printable(key)}: ${printable(value)}`));
    }
    showTree(own, path, output);
  }
}

function count(referrers: readonly Referrer[]): number {
  return referrers.reduce((sum, { referrers: below = [] }) => sum + 1 + count(below), 0);
}

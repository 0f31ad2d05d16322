import type { Command } from "commander";
import { parsePlatform } from "../entry/index.js";
import { type Content, FileContent, LayoutContent, NamedContent, RegistryContent, type Root } from "./content.js";
import type { Context } from "./context.js";
import { exitOf } from "./failure.js";
import { counted, describe, Exit, humanSize, jsonLine, type Output, printable } from "./output.js";
import { type OpenPlace, openSource } from "./places/open.js";
import { parsePlace } from "./places/place.js";
import { addReachOptions, type ReachFlags, Registries } from "./registries.js";
import { TARGET_RULE, targetOf } from "./target.js";
import { branches } from "./tree.js";
import { type Node, type Visit, Walk } from "./walk.js";

const EXAMPLES = `${TARGET_RULE}

Examples:
  $ pierhead inspect ghcr.io/owner/image:tag
  $ pierhead inspect --platform linux/arm64 alpine:3.22
  $ pierhead inspect --plain-http registry.local:5000/image@sha256:…
  $ pierhead inspect ./layout
  $ pierhead inspect --json manifest.json

Exit status: 0 if everything that was read is verified, 1 if something is not
what it has to be, 2 if the image could not be read or the arguments are wrong.`;

interface Flags extends ReachFlags {
  platform?: string;
  json?: true;
  manifestsOnly?: true;
}

/** Adds `pierhead inspect`. */
export function addInspect(program: Command, context: Context): void {
  const command = program
    .command("inspect")
    .summary("show what an image is made of, and verify every byte of it")
    .description(
      "Shows an image as a tree of index, manifests, configurations and layers, and reads all of it to verify sizes and " +
        "digests, each digest once. It is read from a registry or from an OCI image layout; of a manifest in a file, " +
        "only the manifest is there to be read.",
    )
    .argument(
      "<reference|folder|file>",
      "an image in a registry, a folder with an OCI layout, a manifest or index, or oci:FOLDER[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE",
    )
    .option("--platform <platform>", "follow only what a client on this platform takes, such as linux/arm64/v8")
    .option("--manifests-only", "read manifests and configurations, but neither layers nor other blobs")
    .option("--json", "print one line of JSON");
  addReachOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (target: string, flags: Flags) => {
      context.exitCode = await inspect(target, flags, context);
    });
}

async function inspect(target: string, flags: Flags, context: Context): Promise<number> {
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const { output, signal } = context;
  // What the target is, and that it is there, is told by whoever looks: its name is in that.
  const opened = await openedPlace(target, flags, context);
  const content = contentOf(target, opened, flags, context);
  try {
    const root = await content.root();
    const walk = new Walk(content, { platform, manifestsOnly: flags.manifestsOnly === true, signal });
    return await show(target, walk, root, flags.json === true, output);
  } catch (error) {
    signal.throwIfAborted();
    output.problem(`${target}: ${describe(error)}`);
    return exitOf(error);
  } finally {
    await opened?.close();
  }
}

/** The layout that is named by its kind, such as an archive; undefined if the target is none. */
async function openedPlace(target: string, flags: Flags, context: Context): Promise<OpenPlace | undefined> {
  if (!/^(?:oci|oci-archive|docker-archive):/.test(target)) return undefined;
  const { output, signal } = context;
  return await openSource(parsePlace(target), { registries: new Registries(flags, context), output, signal });
}

type Inspected = Pick<Content, "root"> & Partial<Content>;

function contentOf(target: string, opened: OpenPlace | undefined, flags: Flags, context: Context): Inspected {
  if (opened && "layout" in opened.place) {
    return new NamedContent(opened.place.layout, opened.place.reference, context.signal);
  }
  const kind = targetOf(target);
  const { signal } = context;
  if (kind === "image") return new RegistryContent(new Registries(flags, context).image(target), signal);
  return kind === "folder" ? new LayoutContent(target, signal) : new FileContent(target, signal);
}

async function show(target: string, walk: Walk, root: Root, json: boolean, output: Output): Promise<number> {
  let top: Node | undefined;
  let bad: Node | undefined;
  for await (const visit of walk.visits(root)) {
    if (top === undefined && !json) output.line(output.mark("strong", printable(target)));
    top ??= visit.node;
    if (visit.node.status === "failed") bad ??= visit.node;
    if (!json) showVisit(visit, output);
  }
  const { totals } = walk;
  if (json) output.line(jsonLine({ target, verified: totals.failed === 0, totals, root: top }));
  else output.line(summary(totals));
  if (bad === undefined) return Exit.ok;
  const count = counted(totals.failed, "part did", "parts did");
  output.problem(`${target}: ${count} not verify: ${bad.role} ${bad.digest}: ${failure(bad)}`);
  return Exit.failed;
}

function showVisit({ node, lasts, followed }: Visit, output: Output): void {
  const { role, digest, size, platform, name, mediaType } = node;
  const { before, below } = branches(lasts, followed);
  const words = [
    output.mark("strong", role.padEnd(8)),
    printable(digest),
    humanSize(size).padStart(10),
    statusWord(node, output),
    ...[platform, name].flatMap((word) => (word === undefined ? [] : [printable(word)])),
  ];
  output.line(output.mark("faint", before) + words.join(" "));
  if (mediaType !== undefined) output.line(output.mark("faint", `${below}${printable(mediaType)}`));
  if (node.error !== undefined) output.line(`${output.mark("faint", below)}${output.mark("bad", failure(node))}`);
}

function statusWord({ status, repeated }: Node, output: Output): string {
  const words = { verified: "verified", computed: "computed", failed: "NOT VERIFIED", "not-read": "not read" };
  const meaning = status === "verified" ? "good" : status === "failed" ? "bad" : "faint";
  return output.mark(meaning, repeated ? `${words[status]} (above)` : words[status]);
}

function failure({ error }: Node): string {
  if (error === undefined) return "";
  return error.code === undefined ? error.message : `${error.code}: ${error.message}`;
}

function summary({ verified, failed, notRead, bytes }: Walk["totals"]): string {
  const words = [
    `${counted(verified, "part")} verified (${humanSize(bytes)})`,
    ...(failed > 0 ? [`${failed} not verified`] : []),
    ...(notRead > 0 ? [`${notRead} not read`] : []),
  ];
  return words.join(", ");
}

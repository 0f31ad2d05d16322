import type { Command } from "commander";
import { parseReference, RegistryError } from "../../entry/index.js";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { CliError, jsonLine, type Output } from "../output.js";
import { addReachOptions, type Image, isSpecific, type ReachFlags, Registries } from "../registries.js";

const EXAMPLES = `
A tag is deleted alone: what it points at stays. A manifest, by its digest, goes
with every tag that points at it. Blobs are the registry's to clear away, when
nothing needs them. Nothing is asked before.

Examples:
  $ pierhead delete registry.example/owner/image:tag
  $ pierhead delete registry.example/owner/image@sha256:…

With --json: {"name", "deleted", "tag", "digest"}; "deleted" is "tag" or
"manifest", and "tag" is there for a tag.

Exit status: 0, or 2 if it could not be deleted or the arguments are wrong.`;

const MANIFEST_EXAMPLES = `
Nothing is asked before. To delete a tag alone, there is pierhead delete.

Examples:
  $ pierhead manifest delete registry.example/owner/image@sha256:…
  $ pierhead manifest delete registry.example/owner/image:tag

With --json: {"name", "deleted": "manifest", "digest"}.

Exit status: 0, or 2 if it could not be deleted or the arguments are wrong.`;

interface Flags extends ReachFlags {
  json?: true;
}

/** Adds `pierhead delete`. */
export function addDelete(program: Command, context: Context): void {
  const command = program
    .command("delete")
    .summary("delete a tag, or a manifest by its digest")
    .description("Deletes a tag, or by its digest a manifest or an index.");
  addAction(command, context, EXAMPLES, ({ name }, reference) => {
    const { tag, digest } = parseReference(reference);
    // By the digest other tags would go too, by the tag nothing else would.
    if (tag !== undefined && digest !== undefined) {
      throw new CliError(`has a tag and a digest: delete ${name}:${tag}, or ${name}@${digest} with every tag?`);
    }
    return digest === undefined ? "tag" : "manifest";
  });
}

/** Adds `pierhead manifest delete`. */
export function addManifestDelete(manifest: Command, context: Context): void {
  const command = manifest
    .command("delete")
    .summary("delete a manifest, with every tag that points at it")
    .description("Deletes a manifest or an index, with every tag that points at it.");
  addAction(command, context, MANIFEST_EXAMPLES, () => "manifest");
}

type Kind = "tag" | "manifest";

function addAction(
  command: Command,
  context: Context,
  examples: string,
  kindOf: (image: Image, reference: string) => Kind,
): void {
  command
    .argument("<reference>", "an image in a registry, by tag or digest")
    .option("--json", "print one line of JSON about it");
  addReachOptions(command)
    .addHelpText("after", examples)
    .action((reference: string, flags: Flags) =>
      carryOut(reference, context, async () => {
        const image = new Registries(flags, context).image(reference);
        // Nobody should lose `latest` by a name that was not written to its end.
        if (!isSpecific(reference)) throw new CliError(`has neither tag nor digest: ${image.name}:latest, or which?`);
        await (kindOf(image, reference) === "tag" ? deleteTag : deleteManifest)(image, flags, context);
      }),
    );
}

async function deleteTag(image: Image, flags: Flags, { output, signal }: Context): Promise<void> {
  const { name, repository, identifier: tag } = image;
  const { digest } = await repository.manifests.head(tag, { signal });
  try {
    await repository.tags.delete(tag, { signal });
  } catch (error) {
    if (!(error instanceof RegistryError) || !refusesTags(error)) throw error;
    const way = `pierhead delete ${name}@${digest}`;
    throw new CliError(`the registry deletes no tags alone; all of what it points at, by every tag: ${way}`, {
      cause: error,
    });
  }
  report({ name, deleted: "tag", tag, digest }, `${name}:${tag}: tag deleted; it pointed at ${digest}`, flags, output);
}

/** Whether a registry does not do that, as it says of a tag that is there: some take it for a digest that is none. */
function refusesTags({ code, status }: RegistryError): boolean {
  return code === "UNSUPPORTED" || status === 400 || status === 404;
}

async function deleteManifest(image: Image, flags: Flags, { output, signal }: Context): Promise<void> {
  const { name, repository, identifier } = image;
  // A registry that is given a tag may delete that alone.
  const digest = identifier.includes(":")
    ? identifier
    : (await repository.manifests.head(identifier, { signal })).digest;
  await repository.manifests.delete(digest, { signal });
  report({ name, deleted: "manifest", digest }, `${name}@${digest}: manifest deleted`, flags, output);
}

function report(result: object, text: string, { json }: Flags, output: Output): void {
  output.line(json ? jsonLine(result) : text);
}

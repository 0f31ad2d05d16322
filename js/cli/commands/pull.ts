import type { Command } from "commander";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { STDIN } from "../input.js";
import { CliError, printable } from "../output.js";
import { type LayoutPlace, layoutTarget, registryPlace } from "../places/place.js";
import { addTransferOptions, TRANSFER_JSON, type TransferFlags, transfer } from "../transfer.js";

const EXAMPLES = `
Without --output, it goes to a folder by the last part of the repository's name:
alpine, of docker.io/library/alpine. What is there already is not fetched again,
and several images can be in one layout, each named by its tag.

Examples:
  $ pierhead pull alpine:3.22
  $ pierhead pull --platform linux/arm64 ghcr.io/owner/image:tag -o image.tar
  $ pierhead pull --referrers ghcr.io/owner/image:tag -o layout
${TRANSFER_JSON}

Exit status: 0, 1 if something is not what it has to be (nothing has its name in
the layout then), 2 if it could not be pulled or the arguments are wrong.`;

interface Flags extends TransferFlags {
  output?: string;
}

/** Adds `pierhead pull`. */
export function addPull(program: Command, context: Context): void {
  const command = program
    .command("pull")
    .summary("fetch an image into an OCI image layout")
    .description("Fetches an image, or an index with all its images, into an OCI image layout, every byte verified.")
    .argument("<reference>", "an image in a registry, by tag or digest")
    .option("-o, --output <place>", "a folder, an archive that ends in .tar, or - for an archive on standard output")
    .option("--force", "overwrite an archive that is there");
  addTransferOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((reference: string, flags: Flags) =>
      carryOut(reference, context, async () => {
        const source = registryPlace(reference);
        const target = flags.output ?? source.repository.slice(source.repository.lastIndexOf("/") + 1);
        // Of a folder that nobody has named, it might not be known what it stands for.
        await transfer(source, outputPlace(target), flags, context).catch((error) => {
          if (flags.output !== undefined || !(error instanceof CliError)) throw error;
          throw new CliError(`${error.message}; name another place with --output`, { cause: error });
        });
      }),
    );
}

/** The layout that an output stands for. */
function outputPlace(text: string): LayoutPlace {
  if (/\.t(?:ar\.)?(?:gz|zst|xz)$/i.test(text)) {
    throw new CliError(`${printable(text)}: archives are not compressed as a whole, since layers are: name it .tar`);
  }
  if (text === STDIN) return layoutTarget(`oci-archive:${STDIN}`, "archive");
  return layoutTarget(text, /\.tar$/i.test(text) ? "archive" : "folder");
}

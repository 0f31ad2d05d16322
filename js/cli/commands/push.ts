import type { Command } from "commander";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { existingPlace, registryPlace } from "../places/place.js";
import { addTransferOptions, TRANSFER_JSON, type TransferFlags, transfer } from "../transfer.js";

const EXAMPLES = `
A layout is a folder or a tar archive, compressed by gzip or not, also one that
docker save has written; - is an archive on standard input. Where there are
several images in it, oci:FOLDER:NAME or oci-archive:FILE:NAME is one.

What the registry has already is not sent again.

Examples:
  $ pierhead push layout registry.example/owner/image:tag
  $ pierhead push oci:layout:3.22 registry.example/alpine:3.22
  $ docker save image | pierhead push - registry.example/owner/image:tag
${TRANSFER_JSON}

Exit status: 0, 1 if something is not what it has to be, 2 if it could not be
pushed or the arguments are wrong.`;

/** Adds `pierhead push`. */
export function addPush(program: Command, context: Context): void {
  const command = program
    .command("push")
    .summary("push an image from an OCI image layout, or what docker save has written")
    .description("Pushes an image, or an index with all its images, from a layout to a registry, every byte verified.")
    .argument("<source>", "a layout in a folder or an archive, or - for an archive on standard input")
    .argument("<reference>", "where to: registry/repository:tag");
  addTransferOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((source: string, reference: string, flags: TransferFlags) =>
      carryOut(reference, context, async () => {
        await transfer(existingPlace(source), registryPlace(reference), flags, context);
      }),
    );
}

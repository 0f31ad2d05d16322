import type { Command } from "commander";
import type { Context } from "../context.js";
import { carryOut } from "../failure.js";
import { PLACE_RULE, parsePlace, parseTargetPlace } from "../places/place.js";
import { addTransferOptions, TRANSFER_JSON, type TransferFlags, transfer } from "../transfer.js";

const EXAMPLES = `${PLACE_RULE}
What goes to a layout without a NAME keeps its tag, or its name, as that.

Digests stay the same. What is in its place already is not moved again, so what
was interrupted goes on where it was. Within one registry, blobs are mounted.

Examples:
  $ pierhead copy alpine:3.22 registry.example/mirror/alpine:3.22
  $ pierhead copy --referrers ghcr.io/owner/image:tag oci:layout
  $ pierhead copy --platform linux/amd64 --platform linux/arm64 alpine:3.22 oci-archive:alpine.tar
  $ pierhead copy oci:layout:3.22 registry.example/alpine:3.22
${TRANSFER_JSON}

Exit status: 0, 1 if something is not what it has to be, 2 if it could not be
copied or the arguments are wrong.`;

/** Adds `pierhead copy`. */
export function addCopy(program: Command, context: Context): void {
  const command = program
    .command("copy")
    .summary("copy an image between registries, layouts and archives")
    .description("Copies an image, or an index with all its images, from one place to another, every byte verified.")
    .argument("<source>", "where it is")
    .argument("<target>", "where it has to go")
    .option("--force", "overwrite an archive that is there");
  addTransferOptions(command)
    .addHelpText("after", EXAMPLES)
    .action((source: string, target: string, flags: TransferFlags) =>
      carryOut(source, context, async () => {
        await transfer(parsePlace(source), parseTargetPlace(target), flags, context);
      }),
    );
}

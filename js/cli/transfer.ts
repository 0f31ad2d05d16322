import type { Command } from "commander";
import { type CopyProgress, copy } from "../entry/client.js";
import { parsePlatform } from "../entry/index.js";
import { gathered } from "./arguments.js";
import type { Context } from "./context.js";
import { jsonLine, printable } from "./output.js";
import { failedPlace, PlaceFailure } from "./places/failed.js";
import { nameIn, type OpenPlace, openSource, openTarget } from "./places/open.js";
import type { Place } from "./places/place.js";
import { createProgress, OUTCOMES, type Progress } from "./progress/progress.js";
import { addConcurrency, addReachOptions, type ReachFlags, Registries } from "./registries.js";

/** What of an image is transferred, and how: the options of every command that does. */
export interface TransferFlags extends ReachFlags {
  platform?: readonly string[];
  referrers?: true;
  force?: true;
  quiet?: true;
  json?: true;
}

/** What {@link transfer} prints with `--json`, for the help of commands that do. */
export const TRANSFER_JSON = `
With --json: {"source", "target", "digest", "mediaType", "size", "manifests",
"blobs"}, the last two being how many belong to it; and on stderr, a line for
each part that is in its place: {"digest", "size", "outcome"}, with "done",
"exists" or "mounted".`;

/** Adds the options by which a command is told what of an image to transfer. */
export function addTransferOptions(command: Command): Command {
  command
    .option(
      "--platform <platform>",
      "of an index, the image for this platform alone; given several times, the index with the images for these",
      gathered,
    )
    .option("--referrers", "also what refers to it: signatures, attestations, SBOMs, and what refers to these")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print one line of JSON about it");
  return addConcurrency(addReachOptions(command));
}

/** Transfers an image from one place to another, and says what it came to. */
export async function transfer(from: Place, to: Place, flags: TransferFlags, context: Context): Promise<void> {
  const { output, signal } = context;
  const [platform, ...others] = (flags.platform ?? []).map((text) => parsePlatform(text));
  const opening = { registries: new Registries(flags, context), output, signal };
  const source = await openSource(from, opening);
  const targetOptions = { defaultName: nameIn(from), overwrite: flags.force === true };
  const target = await openTarget(to, targetOptions, opening).catch((error) => closedAfter(source, error));
  const progress = createProgress({ quiet: flags.quiet === true, json: flags.json === true }, output);
  try {
    const copied = await copy(source.place, target.place, {
      ...(platform !== undefined && (others.length === 0 ? { platform } : { platforms: [platform, ...others] })),
      referrers: flags.referrers === true,
      concurrency: flags.concurrency,
      ...(!flags.quiet && { onProgress: (part) => show(part, progress) }),
      signal,
    });
    await target.close();
    progress.end();
    const result = { source: source.name, target: target.name, ...copied };
    const text = flags.json ? jsonLine(result) : `${copied.digest}  ${printable(target.name)}`;
    // Behind an archive on standard output, it would be a part of that.
    if (target.isStdout) output.note(text);
    else output.line(text);
  } catch (error) {
    await target.abort(error);
    throw new PlaceFailure(failedPlace(error, from, to), error);
  } finally {
    progress.end();
    await source.close();
  }
}

function show({ digest, bytes, total, status }: CopyProgress, progress: Progress): void {
  if (status === undefined) progress.update({ digest, bytes, total });
  else progress.settle({ digest, size: total, outcome: OUTCOMES[status] });
}

async function closedAfter(source: OpenPlace, error: unknown): Promise<never> {
  await source.close();
  throw error;
}

import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CopyPlace } from "../../entry/client.js";
import { type ImageLayout, openLayout, readArchive, writeArchive } from "../../entry/layout.js";
import { exists, isMissing } from "../files.js";
import { openInput, STDIN } from "../input.js";
import { CliError, type Output } from "../output.js";
import type { Registries } from "../registries.js";
import { blobWriter } from "../threads/blob-writers.js";
import type { LayoutPlace, Place, RegistryPlace } from "./place.js";

/** A place whose image can be read or written. Whoever opened it ends it, in one of two ways. */
export interface OpenPlace {
  readonly place: CopyPlace;
  /** Its whole name. */
  readonly name: string;
  /** Whether it is written to standard output. */
  readonly isStdout: boolean;
  /** Ends the work: what was written is there now. */
  close(): Promise<void>;
  /** Ends the work where it failed: nothing is there that is not whole. */
  abort(reason: unknown): Promise<void>;
}

/** What it takes to open places. */
export interface OpenContext {
  readonly registries: Registries;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** How a place is written to. */
export interface TargetOptions {
  /** What the image is called in a layout where its place does not say. */
  readonly defaultName: string | undefined;
  /** Writes an archive in the place of a file that is there. */
  readonly overwrite: boolean;
}

/** Opens a place that an image is read from. */
export async function openSource(place: Place, context: OpenContext): Promise<OpenPlace> {
  if (place.kind === "registry") return registryPlace(place, context);
  const { path } = place;
  const { signal } = context;
  if (place.kind === "folder") return layoutPlace(place, await openLayout(path, { signal }));
  return layoutPlace(place, await readArchive(path === STDIN ? await openInput(path) : path, { signal }));
}

/**
 * Opens a place that an image is written to; a layout is made where there is none.
 *
 * @throws CliError if something is there that is not to be written to, or over
 */
export async function openTarget(place: Place, options: TargetOptions, context: OpenContext): Promise<OpenPlace> {
  if (place.kind === "registry") return registryPlace(place, context);
  const named = { ...place, reference: place.reference ?? options.defaultName };
  if (place.kind === "folder") return await targetFolder(named, context);
  return layoutPlace(named, await targetArchive(place, options, context));
}

/** The name that an image has in its place, for a layout that it comes to: of what is known by a digest, there is none. */
export function nameIn({ reference }: Place): string | undefined {
  return reference === undefined || /^[a-z0-9]+:[a-f0-9]{32,}$/.test(reference) ? undefined : reference;
}

function registryPlace({ registry, repository, reference }: RegistryPlace, { registries }: OpenContext): OpenPlace {
  const separator = reference.includes(":") ? "@" : ":";
  return {
    place: { repository: registries.repository(registry, repository), reference },
    name: `${registry}/${repository}${separator}${reference}`,
    isStdout: false,
    close: async () => {},
    abort: async () => {},
  };
}

function layoutPlace({ kind, path, reference }: LayoutPlace, layout: ImageLayout): OpenPlace {
  const scheme = kind === "folder" ? "oci" : "oci-archive";
  return {
    place: { layout, reference },
    name: [scheme, path, ...(reference === undefined ? [] : [reference])].join(":"),
    isStdout: path === STDIN,
    close: () => layout.close(),
    abort: (reason) => layout.abort(reason),
  };
}

async function targetFolder(place: LayoutPlace, { signal }: OpenContext): Promise<OpenPlace> {
  const { path } = place;
  const before = await entriesOf(path);
  if (before !== undefined && before.length > 0 && !before.includes("oci-layout")) {
    throw new CliError(`${path}: is not empty, and no OCI image layout`);
  }
  const opened = layoutPlace(place, await openLayout(path, { create: true, signal, writer: blobWriter() }));
  return {
    ...opened,
    async abort(reason) {
      await opened.abort(reason);
      // What did come, whoever tries again need not wait for. A layout with nothing in it helps nobody.
      if (before === undefined && !(await hasBlobs(path))) await rm(path, { recursive: true });
    },
  };
}

async function targetArchive(
  { path }: LayoutPlace,
  { overwrite }: TargetOptions,
  { output, signal }: OpenContext,
): Promise<ImageLayout> {
  if (path !== STDIN) {
    if (!overwrite && existsSync(path)) throw exists(path);
    return await writeArchive(path, { signal });
  }
  if (output.isTerminal) throw new CliError("an archive is not for a terminal: send it elsewhere, or name a file");
  return await writeArchive(new WritableStream({ write: (chunk) => output.bytes(chunk) }), { signal });
}

/** The names in a folder; undefined if there is none. */
async function entriesOf(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function hasBlobs(folder: string): Promise<boolean> {
  const entries = await readdir(join(folder, "blobs"), { recursive: true, withFileTypes: true });
  return entries.some((entry) => entry.isFile());
}

import { optionalText, text } from "../core/text.js";
import { algorithmOf } from "../digest.js";
import { LayoutError, OciError } from "../errors.js";
import type { BlobWriter } from "../files/file-writer.js";
import { type Host, hostWithFiles, syncFolder } from "../files/host.js";
import { commit, removeAbandoned, Temporary, writeWhole } from "../files/temporary.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { digestStream } from "../stream.js";
import { FileLayout, pathOf } from "./file-layout.js";
import { folderFiles } from "./folder-files.js";
import type { LayoutOperation, PutOptions, ReadableLayout } from "./image-layout.js";
import { EMPTY_INDEX, HEADER_TEXT, withEntry } from "./index-json.js";
import { type Lock, withLock } from "./lock.js";
import { BLOBS, HEADER, INDEX_JSON } from "./paths.js";
import { giveUp, transfer } from "./transfer.js";
import { Turns } from "./turns.js";

/** How a folder is opened. */
export interface OpenOptions extends LayoutOperation {
  /** Makes a layout of the folder, and the folder, where there is none. */
  create?: boolean | undefined;
  /**
   * Says what writes, and hashes, the blobs that are put.
   *
   * @internal
   */
  writer?: BlobWriter | undefined;
}

/**
 * Opens an image layout in a folder, on hosts with a file system: Node, Deno and Bun.
 *
 * Several processes may write to it at once. A blob appears under its name when it is complete, verified and on the disk;
 * `index.json` is changed under a lock, `index.json.lock`, and replaced in one step. What processes that were killed have left
 * (`.pierhead-….tmp`) is removed when it is an hour old. Nothing is written through a link that leads out of the folder.
 *
 * @throws LayoutError `INVALID_LAYOUT` if it is none, `NOT_SUPPORTED` on hosts without a file system
 */
export async function openLayout(folder: string, options: OpenOptions = {}): Promise<ReadableLayout> {
  const host = hostWithFiles();
  const path = text("the folder", folder);
  if (options.create) await host.fs.mkdir(path, { recursive: true });
  const layout = new DirectoryLayout(host, await host.fs.realpath(path), options.writer);
  if (options.create) await layout.create(options);
  await layout.checkHeader(options);
  return layout;
}

class DirectoryLayout extends FileLayout {
  readonly #host: Host;
  readonly #root: string;
  readonly #writer: BlobWriter | undefined;
  readonly #turns = new Turns();
  #swept: Promise<void> | undefined;

  constructor(host: Host, root: string, writer: BlobWriter | undefined) {
    super(folderFiles(host, root));
    this.#host = host;
    this.#root = root;
    this.#writer = writer;
  }

  /** Writes what a layout has to have, unless it is there. */
  async create({ signal }: LayoutOperation): Promise<void> {
    // The header first: whoever comes meanwhile finds a layout that is being made, and not a strange folder.
    await this.#writeMissing(HEADER, HEADER_TEXT);
    await this.#folder(BLOBS);
    if ((await this.files.size(INDEX_JSON)) !== undefined) return;
    await this.#exclusively(signal, ({ check }) => this.#writeMissing(INDEX_JSON, EMPTY_INDEX, check));
  }

  override async put(
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<void> {
    let temporary: Temporary | undefined;
    let begun = false;
    try {
      const path = pathOf(descriptor);
      algorithmOf(descriptor.digest);
      if ((await this.has(descriptor, options)) && (await this.#isRight(descriptor, options))) {
        giveUp(content);
        return;
      }
      await this.#sweep();
      // What was hashed before it came is not hashed again.
      const writer = options.verified ? undefined : this.#writer;
      temporary = await Temporary.create(this.#host, this.#root, (handle) => writer?.(handle, descriptor));
      begun = true;
      await transfer(descriptor, content, options, temporary.writer);
      const [folder, name] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
      const target = this.#host.path.join(await this.#folder(folder), name);
      options.signal?.throwIfAborted();
      await commit(this.#host, temporary, target);
    } catch (error) {
      if (!begun) giveUp(content, error);
      await temporary?.discard();
      throw error;
    }
  }

  override async tag(descriptor: Descriptor, reference?: string, options: LayoutOperation = {}): Promise<void> {
    const name = optionalText("the reference", reference);
    if (name === "") throw new OciError("INVALID_ARGUMENT", "the reference is empty");
    if (!(await this.has(descriptor, options))) {
      throw new OciError("INVALID_ARGUMENT", `the layout does not have ${descriptor.digest}, or in another size`);
    }
    const path = this.#host.path.join(this.#root, INDEX_JSON);
    await this.#exclusively(options.signal, async ({ check }) => {
      const index = (await this.document(INDEX_JSON, options)) ?? new TextEncoder().encode(EMPTY_INDEX);
      const changed = withEntry(index, descriptor, name);
      options.signal?.throwIfAborted();
      if (changed !== index) await writeWhole(this.#host, path, changed, check);
    });
  }

  /** Whether what is there is what its name says: then nothing is written over it. */
  async #isRight(descriptor: Descriptor, { signal }: LayoutOperation): Promise<boolean> {
    const stream = await this.open(descriptor, { signal });
    const algorithm = algorithmOf(descriptor.digest);
    return stream !== undefined && (await digestStream(stream, { algorithm, signal })).digest === descriptor.digest;
  }

  /** Makes a folder of the layout, and returns where it is. Rejects with `INVALID_LAYOUT` if links lead out of the layout. */
  async #folder(path: string): Promise<string> {
    const { fs, path: paths } = this.#host;
    let folder = this.#root;
    // One after the other: a recursive `mkdir` would go through links, and make folders there.
    for (const name of path.split("/")) {
      const parent = folder;
      folder = paths.join(folder, name);
      if ((await fs.mkdir(folder, { recursive: true })) !== undefined) await syncFolder(this.#host, parent);
      const real = await fs.realpath(folder);
      if (!real.startsWith(this.#root + paths.sep)) {
        throw new LayoutError("INVALID_LAYOUT", `${path} leads out of the layout`);
      }
    }
    return folder;
  }

  async #writeMissing(name: string, content: string, check?: () => Promise<void>): Promise<void> {
    if ((await this.files.size(name)) !== undefined) return;
    await writeWhole(this.#host, this.#host.path.join(this.#root, name), new TextEncoder().encode(content), check);
  }

  #sweep(): Promise<void> {
    this.#swept ??= removeAbandoned(this.#host, this.#root);
    return this.#swept;
  }

  /** Acts while nobody else changes `index.json`: nobody in this object, and no other process. */
  #exclusively(signal: AbortSignal | undefined, act: (lock: Lock) => Promise<void>): Promise<void> {
    const lock = this.#host.path.join(this.#root, `${INDEX_JSON}.lock`);
    return this.#turns.take(signal, () => withLock(this.#host, lock, signal, act));
  }
}

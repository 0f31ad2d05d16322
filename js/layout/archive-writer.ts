import { optionalText } from "../core/text.js";
import { algorithmOf } from "../digest.js";
import { LayoutError, OciError } from "../errors.js";
import { hostWithFiles } from "../files/host.js";
import { commit, removeAbandoned, Temporary } from "../files/temporary.js";
import type { Descriptor } from "../generated/Descriptor.js";
import { pathOf } from "./file-layout.js";
import type { ImageLayout, LayoutOperation, PutOptions } from "./image-layout.js";
import { EMPTY_INDEX, entriesOf, HEADER_TEXT, withEntry } from "./index-json.js";
import { entryNamed, onlyEntry } from "./names.js";
import { HEADER, INDEX_JSON } from "./paths.js";
import { BLOCK, padding, writeHeader } from "./tar-header.js";
import { giveUp, transfer } from "./transfer.js";
import { Turns } from "./turns.js";

/**
 * Begins an image layout in a tar archive: `oci-layout`, then each blob as it is put, and `index.json` when it is closed. Nothing but
 * the index is held in memory. The same blobs in the same order make the same archive. Times and owners are 0, modes 0644.
 *
 * A tar cannot take back what it has begun: a blob that turns out wrong when its first bytes have been written fails the sink, and with
 * it the archive.
 *
 * @param sink where the bytes go, or the path of a file (Node, Deno, Bun), which appears under its name when it is complete
 * @throws LayoutError `NOT_SUPPORTED` for a path on hosts without a file system
 */
export async function writeArchive(
  sink: WritableStream<Uint8Array> | string,
  { signal }: LayoutOperation = {},
): Promise<ImageLayout> {
  signal?.throwIfAborted();
  const layout = new ArchiveWriter(typeof sink === "string" ? await fileSink(sink) : sink);
  await layout.begin();
  return layout;
}

class ArchiveWriter implements ImageLayout {
  readonly sequential = true;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** The sizes of what was put. */
  readonly #blobs = new Map<string, number>();
  readonly #turns = new Turns();
  #index: Uint8Array = new TextEncoder().encode(EMPTY_INDEX);
  #failure: { reason: unknown } | undefined;

  constructor(sink: WritableStream<Uint8Array>) {
    this.#writer = sink.getWriter();
    // Who writes next is told.
    this.#writer.closed.catch(() => {});
  }

  async begin(): Promise<void> {
    await this.#inTurn(() => this.#file(HEADER, new TextEncoder().encode(HEADER_TEXT)));
  }

  async manifests(): Promise<readonly Descriptor[]> {
    return entriesOf(this.#index);
  }

  async resolve(reference?: string): Promise<Descriptor | undefined> {
    const asked = optionalText("the reference", reference);
    const entries = await this.manifests();
    return asked === undefined ? onlyEntry(entries) : entryNamed(entries, asked);
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    return this.#blobs.get(digest) === size;
  }

  async open(): Promise<never> {
    throw writeOnly();
  }

  // biome-ignore lint/correctness/useYield: it has nothing to yield.
  async *referrers(): AsyncGenerator<never, void, undefined> {
    throw writeOnly();
  }

  async put(descriptor: Descriptor, content: ReadableStream<Uint8Array>, options: PutOptions = {}): Promise<void> {
    let begun = false;
    try {
      const path = pathOf(descriptor);
      algorithmOf(descriptor.digest);
      await this.#inTurn(async () => {
        if (this.#blobs.has(descriptor.digest)) {
          giveUp(content);
          return;
        }
        begun = true;
        await this.#blob(path, descriptor, content, options);
      }, options.signal);
    } catch (error) {
      if (!begun) giveUp(content, error);
      throw error;
    }
  }

  async tag(descriptor: Descriptor, reference?: string): Promise<void> {
    const name = optionalText("the reference", reference);
    if (name === "") throw new OciError("INVALID_ARGUMENT", "the reference is empty");
    if (!(await this.has(descriptor))) {
      throw new OciError("INVALID_ARGUMENT", `the archive does not have ${descriptor.digest}, or in another size`);
    }
    this.#index = withEntry(this.#index, descriptor, name);
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#file(INDEX_JSON, this.#index);
      // Two blocks of zeros end an archive.
      await this.#write(new Uint8Array(2 * BLOCK));
      await this.#writer.close();
    });
  }

  async abort(reason?: unknown): Promise<void> {
    this.#failure ??= { reason };
    await this.#writer.abort(reason).catch(() => {});
  }

  async #blob(
    path: string,
    descriptor: Descriptor,
    content: ReadableStream<Uint8Array>,
    options: PutOptions,
  ): Promise<void> {
    const { digest, size } = descriptor;
    // Not before the first byte: what cannot even be begun fails alone.
    let begun = false;
    const begin = async () => {
      if (begun) return;
      begun = true;
      await this.#write(writeHeader(path, size));
    };
    try {
      const write = async (chunk: Uint8Array) => {
        await begin();
        await this.#write(chunk);
      };
      await transfer(descriptor, content, options, { write });
      await begin();
      await this.#write(new Uint8Array(padding(size)));
    } catch (error) {
      if (begun) await this.abort(error);
      throw error;
    }
    this.#blobs.set(digest, size);
  }

  async #file(name: string, bytes: Uint8Array): Promise<void> {
    await this.#write(writeHeader(name, bytes.byteLength));
    await this.#write(bytes);
    await this.#write(new Uint8Array(padding(bytes.byteLength)));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return;
    await this.#writer.ready;
    // A sink that fails says so by `ready` and `closed` too.
    await this.#writer.write(bytes);
  }

  /** Acts in turn, and not after a failure: what came then would be a broken archive. */
  #inTurn(act: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    return this.#turns.take(signal, async () => {
      if (this.#failure !== undefined) throw this.#failure.reason;
      await act();
    });
  }
}

/** A file that appears when the sink is closed, and leaves nothing when it is aborted. */
async function fileSink(path: string): Promise<WritableStream<Uint8Array>> {
  const host = hostWithFiles();
  const folder = host.path.dirname(host.path.resolve(path));
  await removeAbandoned(host, folder);
  const temporary = await Temporary.create(host, folder);
  return new WritableStream({
    write: (chunk) => temporary.writer.write(chunk),
    close: () => commit(host, temporary, host.path.resolve(path)),
    abort: () => temporary.discard(),
  });
}

function writeOnly(): LayoutError {
  return new LayoutError("NOT_SUPPORTED", "an archive that is written cannot be read");
}

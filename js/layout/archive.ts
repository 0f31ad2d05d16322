import { LayoutError, OciError } from "../errors.js";
import { hostWithFiles } from "../files/host.js";
import { isCount } from "../stream.js";
import { dockerFiles, isDockerArchive } from "./docker-archive.js";
import { FileLayout, type SizedFiles } from "./file-layout.js";
import { brokenGzip, gunzip, isGzip } from "./gzip.js";
import type { LayoutOperation, ReadableLayout } from "./image-layout.js";
import { BLOBS, HEADER, INDEX_JSON } from "./paths.js";
import { blobAccess, fileAccess, type RandomAccess, spool } from "./random-access.js";
import { broken } from "./tar-header.js";
import { indexTar, type TarIndex, tarFiles } from "./tar-index.js";

/** How an archive is read. */
export interface ArchiveOptions extends LayoutOperation {
  /**
   * Bytes that may be unpacked, where that has to be: 16 GiB where there are files, or else, in memory, 64 MiB. With more of them
   * it ends with `SPOOL_LIMIT`.
   */
  spoolLimit?: number | undefined;
}

/**
 * Opens an image layout in a tar archive, or an archive by `docker save`, to read. Nothing of it is unpacked: where its files are
 * is noted, and they are read there. An archive that is compressed by gzip, or comes as a stream, is spooled: into a
 * temporary file that nobody else sees where there is a file system, else into memory.
 *
 * What `docker save` wrote without a layout in it is given the shape of one: `oci-layout`, `index.json`, and for each image a manifest
 * are synthesised, whose digest is therefore nobody else's. The configuration is as it was, and is verified against its name; a
 * layer is known by what its configuration says of it (`rootfs.diff_ids`), so verifying it verifies that.
 *
 * @param source the path of a file (Node, Deno, Bun), a `Blob` (a browser's `File`), or a stream
 * @throws LayoutError `INVALID_ARCHIVE` if it is none or not to be trusted, `INVALID_LAYOUT`, `SPOOL_LIMIT`, `NOT_SUPPORTED`
 */
export async function readArchive(
  source: string | Blob | ReadableStream<Uint8Array>,
  options: ArchiveOptions = {},
): Promise<ReadableLayout> {
  const { signal, spoolLimit } = options;
  if (spoolLimit !== undefined && !isCount(spoolLimit)) {
    throw new OciError("INVALID_ARGUMENT", "spoolLimit is not a whole number of bytes");
  }
  const access = await plainAccess(await accessTo(source, options), options);
  try {
    const index = await indexTar(access, signal);
    const layout = new ArchiveLayout(await filesOf(access, index, options), access);
    await layout.checkHeader(options);
    return layout;
  } catch (error) {
    await access.close();
    throw error;
  }
}

class ArchiveLayout extends FileLayout {
  readonly #access: RandomAccess;

  constructor(files: SizedFiles, access: RandomAccess) {
    super(files);
    this.#access = access;
  }

  override async close(): Promise<void> {
    await this.#access.close();
  }
}

async function accessTo(
  source: string | Blob | ReadableStream<Uint8Array>,
  { signal, spoolLimit }: ArchiveOptions,
): Promise<RandomAccess> {
  signal?.throwIfAborted();
  if (typeof source === "string") return await fileAccess(hostWithFiles(), source);
  // By what they can do: those of another realm are instances of other classes.
  if (typeof source === "object" && "slice" in source) return blobAccess(source);
  return await spool(source, spoolLimit, { signal });
}

/** The same, without gzip (RFC 1952). */
async function plainAccess(access: RandomAccess, { signal, spoolLimit }: ArchiveOptions): Promise<RandomAccess> {
  try {
    if (!(await isGzip(access, 0))) return access;
    const plain = gunzip(access.stream(0, access.size));
    const spooled = await spool(plain, spoolLimit, { signal }).catch(brokenGzip);
    await access.close();
    return spooled;
  } catch (error) {
    await access.close();
    throw error;
  }
}

async function filesOf(access: RandomAccess, index: TarIndex, options: LayoutOperation): Promise<SizedFiles> {
  const isLayout = index.has(HEADER);
  if (!isLayout && isDockerArchive(index)) return await dockerFiles(access, index, options);
  for (const [path, { kind }] of index) {
    if (kind === "link" && (path === HEADER || path === INDEX_JSON || path.split("/")[0] === BLOBS)) {
      throw broken(`${JSON.stringify(path)} is a link`);
    }
  }
  if (isLayout) return tarFiles(access, index);
  throw new LayoutError("INVALID_LAYOUT", "the archive has neither an oci-layout nor the manifest.json of docker save");
}

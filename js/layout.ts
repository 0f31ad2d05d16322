/**
 * Image layouts in folders and archives, as places to copy from and to.
 *
 * @module pierhead/layout
 */
export { LayoutError, type LayoutErrorCode } from "./errors.js";
export type { Descriptor } from "./generated/Descriptor.js";
export type { LayoutFiles } from "./graph.js";
export { type ArchiveOptions, readArchive } from "./layout/archive.js";
export { writeArchive } from "./layout/archive-writer.js";
export { type OpenOptions, openLayout } from "./layout/directory.js";
export type {
  ImageLayout,
  LayoutOperation,
  PutOptions,
  PutProgress,
  ReadableLayout,
  ReferrerOptions,
} from "./layout/image-layout.js";
export { layoutFiles } from "./layout/layout-files.js";

import type { FileHandle } from "../../files/host.js";
import type { StoredObject } from "../object-store.js";

/** What `get` gives: beside the body, the file that it reads. */
export interface FileObject extends StoredObject {
  /**
   * The bytes from `start` to before `end`, for a host that sends files by itself: it leaves `body` alone then, and closes the file.
   */
  readonly file: { readonly handle: FileHandle; readonly start: number; readonly end: number };
}

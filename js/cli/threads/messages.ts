/** What the two threads that write blobs say to one another; the bytes themselves stand in memory that both have. */

/** Bytes of a piece of a file, and of each place for one in the memory. */
export const PIECE = 512 * 1024;

/** What the thread is told when it is started. */
export interface Start {
  /** Places of {@link PIECE} bytes. */
  readonly memory: SharedArrayBuffer;
}

/** What is to be done, in this order. `file` is a number for a file, never given twice. */
export type Order =
  | { readonly kind: "open"; readonly file: number; readonly fd: number; readonly algorithm: "sha256" | "sha512" }
  /** Hashes, and writes behind what came before, the first `length` bytes of a place. */
  | { readonly kind: "piece"; readonly file: number; readonly place: number; readonly length: number }
  /** Nothing more comes; the descriptor is not touched again. */
  | { readonly kind: "close"; readonly file: number };

/** What has been done. After a failure the file is not written to again. */
export type Report =
  | { readonly kind: "piece"; readonly file: number; readonly place: number; readonly failure?: Failure }
  | { readonly kind: "close"; readonly file: number; readonly encoded: string };

/** An error of the file system, of which a message between threads would keep the text alone. */
export interface Failure {
  readonly message: string;
  readonly details: Pick<NodeJS.ErrnoException, "code" | "errno" | "syscall">;
}

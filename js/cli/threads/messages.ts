/** What the two threads that write blobs say to one another. The memory of a piece goes over with it, and comes back when it is written. */

/** What is to be done, in this order. `file` is a number for a file, never given twice. */
export type Order =
  | { readonly kind: "open"; readonly file: number; readonly fd: number; readonly algorithm: "sha256" | "sha512" }
  /** Hashes, and writes behind what came before, the first `length` bytes of a buffer. */
  | { readonly kind: "piece"; readonly file: number; readonly buffer: ArrayBuffer; readonly length: number }
  /** Nothing more comes; the descriptor is not touched again. */
  | { readonly kind: "close"; readonly file: number };

/** What has been done. After a failure the file is not written to again. */
export type Report =
  | { readonly kind: "piece"; readonly file: number; readonly buffer: ArrayBuffer; readonly failure?: Failure }
  | { readonly kind: "close"; readonly file: number; readonly encoded: string };

/** An error of the file system, of which a message between threads would keep the text alone. */
export interface Failure {
  readonly message: string;
  readonly details: Pick<NodeJS.ErrnoException, "code" | "errno" | "syscall">;
}

import { core } from "../core/core.js";
import type { Revivable } from "../core/runtime.js";

/** The core's client, which is made again where the core failed. */
export type RawClient = Revivable<
  typeof import("../../pkg/core/pierhead.js"),
  import("../../pkg/core/pierhead.js").RawClient
>;

/** An operation's own options. */
export interface OperationOptions {
  /** Gives the operation up; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** An operation of the core's client with its arguments: `src/wasm/client/operations.rs` reads them. */
export type Operation =
  | [name: "ping"]
  | [name: "extensions", repository?: string]
  | [
      name: "putManifest",
      repository: string,
      bytes: Uint8Array,
      reference: string | undefined,
      mediaType: string | undefined,
      ...tags: string[],
    ]
  | [
      name: "pushBlob",
      repository: string,
      content: unknown,
      algorithm: string,
      mountFrom: string | undefined,
      chunkSize: number | undefined,
    ]
  | [
      name: "manifest",
      repository: string,
      reference: string,
      accept: string | undefined,
      known: string | undefined,
      raw: boolean,
    ]
  | [name: "manifestHead" | "hasManifest", repository: string, reference: string, accept: string | undefined]
  | [name: "deleteManifest", repository: string, reference: string]
  | [
      name: "blob",
      repository: string,
      digest: string,
      size: number | undefined,
      start: number,
      end: number | undefined,
      failures: number,
      retryAfter?: number | undefined,
    ]
  | [name: "blobHead" | "mountBlob" | "deleteBlob", repository: string, digest: string, from?: string | undefined];

/** Runs an operation. */
export async function run<T>(client: RawClient, { signal }: OperationOptions, ...operation: Operation): Promise<T> {
  return await core.run<T>(() => client.get().run(operation), signal);
}

/** The thread that hashes and writes blobs: `blob-writers.ts` starts it. */
import { createHash, type Hash } from "node:crypto";
import { writeSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { Failure, Order, Report } from "./messages.js";

interface OpenFile {
  readonly fd: number;
  readonly hash: Hash;
  failed: boolean;
}

const files = new Map<number, OpenFile>();

parentPort?.on("message", (order: Order) => {
  if (order.kind === "open") {
    files.set(order.file, { fd: order.fd, hash: createHash(order.algorithm), failed: false });
    return;
  }
  const file = files.get(order.file);
  if (file === undefined) throw new Error(`no file has the number ${order.file}`);
  if (order.kind === "piece") {
    const { kind, buffer } = order;
    report({ kind, file: order.file, buffer, ...written(file, order) }, [buffer]);
  } else {
    files.delete(order.file);
    report({ ...order, encoded: file.hash.digest("hex") });
  }
});

function written(file: OpenFile, { buffer, length }: { buffer: ArrayBuffer; length: number }): { failure?: Failure } {
  if (file.failed) return {};
  const bytes = new Uint8Array(buffer, 0, length);
  file.hash.update(bytes);
  try {
    for (let at = 0; at < length; ) at += writeSync(file.fd, bytes, at, length - at);
    return {};
  } catch (error) {
    file.failed = true;
    const { message, code, errno, syscall } = error as NodeJS.ErrnoException;
    return { failure: { message, details: { code, errno, syscall } as Failure["details"] } };
  }
}

function report(done: Report, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(done, transferred);
}

/** A stream that goes in parts, on a host that has no hash of its own: a bucket of R2 that keeps what it is told. */
import { createHash } from "node:crypto";
import process from "node:process";
import { type R2BucketLike, r2 } from "pierhead/stores/r2";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.restoreAllMocks());

function bucket() {
  const steps: string[] = [];
  const object = { key: "a", size: 9, etag: "1", uploaded: new Date() };
  const like = {
    createMultipartUpload: async () => {
      steps.push("begin");
      return {
        uploadPart: async (partNumber: number) => ({ partNumber, etag: "p" }),
        complete: async () => {
          steps.push("complete");
          return object;
        },
        abort: async () => {
          steps.push("abort");
        },
      };
    },
  };
  return { store: r2(like as unknown as R2BucketLike), steps };
}

test("the SHA-256 of a stream in parts is compared on any host, or the stream is refused before it is put", async () => {
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  const bytes = new Uint8Array(9 * 1024 * 1024).fill(7);
  const right = createHash("sha256").update(bytes).digest("hex");
  const put = async (sha256: string) => {
    const { store, steps } = bucket();
    const outcome = await store.put("a", new Blob([bytes]).stream(), { sha256 }).then(
      () => "put",
      (error: { code: string }) => error.code,
    );
    return { outcome, steps: steps.join() };
  };
  // Nothing here can compute it.
  expect(await put(right)).toEqual({ outcome: "INTERNAL", steps: "" });
  // The front brings what can.
  await import("pierhead/front");
  expect(await put(right)).toEqual({ outcome: "put", steps: "begin,complete" });
  expect(await put("0".repeat(64))).toEqual({ outcome: "STORE_CONTENT_MISMATCH", steps: "begin,abort" });
});

import { StoreError } from "../../errors.js";
import type { S3Service } from "./service.js";

/** The SHA-256 of no bytes, in Base64. */
const OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/** What a service that heeds a condition answers, and what one that knows none of it does. */
const REFUSED = [400, 404, 409, 412, 501];

/**
 * Tries whether a service heeds the conditions that a store relies on, with an object of its own that is deleted again, and whether it compares
 * a SHA-256. That it decides between writers at the same moment cannot be tried in passing: see the contract.
 *
 * @throws StoreError `STORE_UNSUITABLE` if it does not
 */
export async function probe(service: S3Service, prefix: string): Promise<{ verifiesSha256: boolean }> {
  const key = `${prefix}.pierhead-probe-${crypto.randomUUID()}`;
  let puts = 0;
  const put = async (headers: Record<string, string>, expected: readonly number[] = []) => {
    puts += 1;
    return await service.outcome({ method: "PUT", key, headers, body: new Uint8Array(puts), expected });
  };
  const heeds = async (header: string, value: string, holds: boolean) => {
    const response = await put({ [header]: value }, REFUSED);
    if (response.ok === holds) return response.headers.get("ETag") ?? "";
    const what = `${holds ? "does not take" : "ignores"} ${header}`;
    throw new StoreError(
      "STORE_UNSUITABLE",
      `the service ${what} on a PUT, so that writers would overwrite one another`,
    );
  };
  try {
    const etag = await heeds("If-None-Match", "*", true);
    await heeds("If-None-Match", "*", false);
    await heeds("If-Match", `"${"0".repeat(32)}"`, false);
    await heeds("If-Match", etag, true);
    await heeds("If-Match", etag, false);
    const checksum = { "x-amz-checksum-sha256": OF_NOTHING, "x-amz-sdk-checksum-algorithm": "SHA256" };
    const verifiesSha256 = await put(checksum).then(
      () => false,
      (error) => {
        if (error instanceof StoreError && error.code === "STORE_CONTENT_MISMATCH") return true;
        throw error;
      },
    );
    return { verifiesSha256 };
  } finally {
    await service.outcome({ method: "DELETE", key, repeatable: true, expected: [404] });
  }
}

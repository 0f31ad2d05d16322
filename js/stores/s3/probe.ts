import { StoreError } from "../../errors.js";
import type { S3Service } from "./service.js";

/** The SHA-256 of no bytes, in Base64. */
const OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/**
 * Tries whether a service heeds the conditions that a store relies on, with an object of its own that is deleted again, and whether it compares
 * a SHA-256. That it decides between writers at the same moment cannot be tried in passing: see the contract.
 *
 * @throws StoreError `STORE_UNSUITABLE` if it does not
 */
export async function probe(service: S3Service, prefix: string): Promise<{ verifiesSha256: boolean }> {
  const key = `${prefix}.pierhead-probe-${crypto.randomUUID()}`;
  const put = async (text: string, headers: Record<string, string>, expected: readonly number[]) => {
    const body = new TextEncoder().encode(text);
    const response = await service.send({ method: "PUT", key, headers, body, size: body.byteLength, expected });
    await response.body?.cancel();
    return response;
  };
  try {
    const created = await put("1", { "If-None-Match": "*" }, REFUSED);
    const etag = created.headers.get("ETag");
    if (!created.ok || !etag) throw unsuitable("does not take If-None-Match: *");
    if ((await put("2", { "If-None-Match": "*" }, REFUSED)).ok) throw unsuitable("ignores If-None-Match: *");
    if ((await put("3", { "If-Match": '"00000000000000000000000000000000"' }, REFUSED)).ok)
      throw unsuitable("ignores If-Match");
    if (!(await put("4", { "If-Match": etag }, REFUSED)).ok) throw unsuitable("does not take If-Match");
    if ((await put("5", { "If-Match": etag }, REFUSED)).ok) throw unsuitable("ignores If-Match");
    const checksum = { "x-amz-checksum-sha256": OF_NOTHING, "x-amz-sdk-checksum-algorithm": "SHA256" };
    const verifiesSha256 = await put("6", checksum, []).then(
      () => false,
      (error) => {
        if (error instanceof StoreError && error.code === "STORE_CONTENT_MISMATCH") return true;
        throw error;
      },
    );
    return { verifiesSha256 };
  } finally {
    await service
      .send({ method: "DELETE", key, repeatable: true, expected: [404] })
      .then((response) => response.body?.cancel());
  }
}

/** What a service that heeds a condition answers, and what one that knows none of it does. */
const REFUSED = [400, 404, 409, 412, 501];

function unsuitable(what: string): StoreError {
  return new StoreError(
    "STORE_UNSUITABLE",
    `the service ${what} on a PUT, so that writers would overwrite one another`,
  );
}

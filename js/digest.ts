import { OciError } from "./errors.js";

/** The algorithms that can be verified. */
export type Algorithm = "sha256" | "sha512" | "blake3";

/** The length of the encoded part, in characters (image-spec, "Registered algorithms"; BLAKE3 with 256 bits). */
const ENCODED_LENGTH: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128, blake3: 64 };

// https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
const GRAMMAR = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)$/;
const LOWER_HEX = /^[a-f0-9]+$/;

/** Whether the algorithm can be computed and verified. */
export function isAlgorithm(name: string): name is Algorithm {
  return Object.hasOwn(ENCODED_LENGTH, name);
}

/**
 * The algorithm of a digest that bytes are to be verified against.
 *
 * Throws `INVALID_DIGEST` if it breaks the grammar, and `UNSUPPORTED_ALGORITHM` if it is well-formed but names an
 * algorithm that cannot be computed: such bytes must never pass as verified.
 */
export function algorithmOf(digest: string): Algorithm {
  const [, algorithm = "", encoded = ""] = GRAMMAR.exec(String(digest)) ?? [];
  if (isAlgorithm(algorithm)) {
    if (encoded.length === ENCODED_LENGTH[algorithm] && LOWER_HEX.test(encoded)) {
      return algorithm;
    }
  } else if (algorithm !== "") {
    throw unsupportedAlgorithm(algorithm);
  }
  throw new OciError("INVALID_DIGEST", `not a digest: ${JSON.stringify(String(digest).slice(0, 200))}`);
}

/** The error for an algorithm that cannot be computed. */
export function unsupportedAlgorithm(name: string): OciError {
  return new OciError(
    "UNSUPPORTED_ALGORITHM",
    `cannot compute ${JSON.stringify(String(name).slice(0, 50))}: only ${Object.keys(ENCODED_LENGTH).join(", ")}`,
  );
}

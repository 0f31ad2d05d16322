/**
 * Checks documents off the page's thread. The build inlines it, so that it runs under the policy of the page, which
 * forbids it every connection.
 */
import { digest, OciError, parseDigest, validate } from "pierhead";
import type { Answer, Question, Verdict } from "./check.js";

addEventListener("message", ({ data }: MessageEvent<Question>) => postMessage(answer(data)));

function answer({ bytes, options, expected }: Question): Answer {
  try {
    return { report: validate(bytes, options), size: bytes.byteLength, expected: verified(bytes, expected) };
  } catch (error) {
    const code = error instanceof OciError ? error.code : "INTERNAL";
    return { failure: error instanceof Error ? error.message : String(error), code };
  }
}

function verified(bytes: Uint8Array, expected: string | undefined): Verdict["expected"] {
  if (expected === undefined) return undefined;
  try {
    const { algorithm } = parseDigest(expected);
    return { digest: expected, holds: digest(bytes, algorithm as Parameters<typeof digest>[1]) === expected };
  } catch (error) {
    if (error instanceof OciError && error.code !== "INTERNAL") return undefined;
    throw error;
  }
}

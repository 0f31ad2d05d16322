import type { Answered } from "./handler.js";

/** A response of the specification's form ("Error Codes") that shows nothing of what failed. */
export function failure(method: string, status: number, code: string, message: string) {
  const body = new TextEncoder().encode(JSON.stringify({ errors: [{ code, message }] }));
  const headers = [
    "content-type:application/json",
    `content-length:${body.byteLength}`,
    "cache-control:no-store",
    "x-content-type-options:nosniff",
  ];
  return { status, headers: headers.join("\n"), body: method === "HEAD" ? undefined : body } satisfies Answered;
}

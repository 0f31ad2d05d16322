/** A refusal that those pages may read which may read the registry: a page has to see that a password is asked for. */
export function pagesMayRead(refused: Response, request: Request, cors: readonly string[] = ["*"]): Response {
  const origin = cors.includes("*") ? "*" : request.headers.get("origin");
  if (origin !== "*") refused.headers.append("vary", "Origin");
  if (origin !== null && cors.includes(origin)) {
    refused.headers.set("access-control-allow-origin", origin);
    refused.headers.set("access-control-expose-headers", "WWW-Authenticate");
  }
  return refused;
}

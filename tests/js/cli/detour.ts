import { serve } from "./run.ts";

/** A request that is led elsewhere. */
export interface Request {
  /** The repository that was asked for. */
  readonly name: string;
  readonly kind: "manifests" | "blobs";
  readonly reference: string;
}

/** A registry that leads each request to a repository of another one, so that what it serves is good in part. */
export function startDetour(
  registry: { readonly url: string },
  repository: (request: Request) => string,
): Promise<string> {
  return serve((request, response) => {
    const [, name = "", kind, reference = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
    const target = repository({ name, kind: kind === "blobs" ? kind : "manifests", reference });
    const Location = `${registry.url}/v2/${target}/${kind}/${reference}`;
    response.writeHead(307, { Location, "Content-Length": "0" }).end();
  });
}

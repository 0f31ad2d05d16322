/** A registry that takes whatever is pushed to it, in repositories `uploads/plain/NAME`, as `uploads.mjs` has them. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendContent, sendError } from "../../support/content.mjs";
import { Uploads } from "../../support/uploads.mjs";
import { INDEX } from "./image.ts";
import { serve } from "./run.ts";

const ROUTE = /^\/v2\/(?<name>.+?)\/(?<kind>manifests|tags|referrers)\/(?<reference>[\w.:+-]+)$/;

/** What a registry does otherwise than most. */
export interface StoreOptions {
  /** Lists referrers by itself. */
  readonly referrers?: boolean;
  /** Deletes a tag alone. */
  readonly deletesTags?: boolean;
  /** What it wants its users to know, with everything that it answers. */
  readonly warning?: string;
  /** The most tags of a page. */
  readonly page?: number;
}

/** A registry as tests see it. */
export interface Store {
  readonly host: string;
  /** Each request as `METHOD path?query`. */
  readonly requests: string[];
}

interface Stored {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

interface Shelf {
  readonly manifests: Map<string, Stored>;
  readonly tags: Map<string, string>;
}

/** Starts one on this machine. */
export async function startStore(options: StoreOptions = {}): Promise<Store> {
  const uploads = new Uploads();
  const shelves = new Map<string, Shelf>();
  const requests: string[] = [];
  const host = await serve((request, response) => {
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (options.warning !== undefined) response.setHeader("Warning", `299 - "${options.warning}"`);
    const { name = "", kind, reference = "" } = ROUTE.exec(url.pathname)?.groups ?? {};
    const shelf = shelves.get(name) ?? { manifests: new Map(), tags: new Map() };
    shelves.set(name, shelf);
    if (kind === "manifests") void answerManifest(request, response, { name, shelf, reference, options });
    else if (kind === "tags") listTags(response, url, { name, shelf, options });
    else if (kind === "referrers" && options.referrers) listReferrers(response, shelf, reference);
    else if (!uploads.answers(response, url)) sendError(response, 404, "UNSUPPORTED", "no such endpoint");
  });
  return { host, requests };
}

interface Asked {
  readonly name: string;
  readonly shelf: Shelf;
  readonly options: StoreOptions;
}

async function answerManifest(
  request: IncomingMessage,
  response: ServerResponse,
  { name, shelf, reference, options }: Asked & { readonly reference: string },
): Promise<void> {
  const { method, headers } = request;
  const { manifests, tags } = shelf;
  if (method === "PUT") {
    const bytes = Buffer.concat(await request.toArray());
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    manifests.set(digest, { mediaType: headers["content-type"] ?? "", digest, bytes });
    if (!reference.includes(":")) tags.set(reference, digest);
    const { subject } = JSON.parse(bytes.toString());
    if (subject !== undefined && options.referrers) response.setHeader("OCI-Subject", subject.digest);
    const fields = { Location: `/v2/${name}/manifests/${digest}`, "Docker-Content-Digest": digest };
    response.writeHead(201, { ...fields, "Content-Length": "0" }).end();
    return;
  }
  const stored = manifests.get(tags.get(reference) ?? reference);
  if (stored === undefined) return sendError(response, 404, "MANIFEST_UNKNOWN", "no such manifest");
  if (method !== "DELETE") return sendContent(response, stored);
  if (!reference.includes(":")) {
    if (!options.deletesTags) return sendError(response, 400, "DIGEST_INVALID", "a tag is no digest");
    tags.delete(reference);
  } else {
    manifests.delete(reference);
    for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag);
  }
  response.writeHead(202, { "Content-Length": "0" }).end();
}

function listTags(response: ServerResponse, { searchParams }: URL, { name, shelf, options }: Asked): void {
  const last = searchParams.get("last") ?? "";
  const size = Math.min(Number(searchParams.get("n") ?? 100), options.page ?? 100);
  const after = [...shelf.tags.keys()].sort().filter((tag) => tag > last);
  const tags = after.slice(0, size);
  const next = `</v2/${name}/tags/list?n=${size}&last=${tags.at(-1)}>; rel="next"`;
  sendJson(response, { name, tags }, after.length > size ? { Link: next } : {});
}

function listReferrers(response: ServerResponse, { manifests }: Shelf, digest: string): void {
  const found = [...manifests.values()].flatMap(({ mediaType, digest: own, bytes }) => {
    const { subject, artifactType, annotations } = JSON.parse(bytes.toString());
    return subject?.digest === digest
      ? [{ mediaType, digest: own, size: bytes.length, artifactType, annotations }]
      : [];
  });
  sendJson(response, { schemaVersion: 2, mediaType: INDEX, manifests: found }, { "Content-Type": INDEX });
}

function sendJson(response: ServerResponse, value: object, fields: Record<string, string>): void {
  response.writeHead(200, { "Content-Type": "application/json", ...fields }).end(JSON.stringify(value));
}

import { resolve, sep } from "node:path";
import { LayoutError } from "../../entry/index.js";
import type { Place } from "./place.js";

/** What went wrong in a transfer, under `cause`, and the name of the place where it did. */
export class PlaceFailure extends Error {
  readonly place: string;

  constructor(place: string, cause: unknown) {
    super(place, { cause });
    this.place = place;
  }
}

/**
 * The name of the place that an error of a transfer comes from: whose registry its URL leads to, whose folder or archive its path does.
 * Where the URL is that of another server, which either may have sent us to, it is both. What has neither is said of what was read.
 */
export function failedPlace(error: unknown, source: Place, target: Place): string {
  const { url, path } = Object(error) as { url?: unknown; path?: unknown };
  if (typeof url === "string") return among(source, target, (place) => nearness(place, url), bothOf(source, target));
  const isOfFiles = typeof path === "string" || error instanceof LayoutError;
  return among(source, target, (place) => (isOfFiles ? ownership(place, path) : 0), source.text);
}

/** The place that something belongs to more than to the other. */
function among(source: Place, target: Place, measure: (place: Place) => number, otherwise: string): string {
  const difference = measure(source) - measure(target);
  if (difference === 0) return otherwise;
  return difference > 0 ? source.text : target.text;
}

function bothOf(source: Place, target: Place): string {
  return `${source.text} to ${target.text}`;
}

/** How near a URL is to a place: within its repository, at its registry, at another server; which is none for a layout. */
function nearness(place: Place, text: string): number {
  if (place.kind !== "registry" || !URL.canParse(text)) return 0;
  const { host, pathname } = new URL(text);
  const own = place.registry === "docker.io" ? "registry-1.docker.io" : place.registry;
  if (host !== own.replace(/:443$/, "")) return 1;
  return pathname.startsWith(`/v2/${place.repository}/`) ? 3 : 2;
}

/** How much files are a place's: at its path or below it, the more the longer that is; of any layout, or of none. */
function ownership(place: Place, path: unknown): number {
  if (place.kind === "registry") return 0;
  const own = resolve(place.path);
  return typeof path === "string" && (path === own || path.startsWith(own + sep)) ? 1 + own.length : 1;
}

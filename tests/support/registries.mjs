/** Registries that others wrote, on loopback, each with storage of its own that goes when it is closed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "../../scripts/lib/go-tools.mjs";
import { startWorker } from "../../scripts/lib/worker.mjs";
import { startServe } from "./serve.mjs";
import { freePort, startServer } from "./server.mjs";
import { startTokenService } from "./token-service.mjs";

/** Who may do everything where there is authentication. */
export const USER = { username: "ann", password: "correct horse" };

/** The same for Apache's `htpasswd`: bcrypt at its lowest cost, made by crypt(3). */
const HTPASSWD = `${USER.username}:$2y$04$Pierhead.tests.only.uuiLRiCvL5Am461cmmpTO.GMiMC.AI2ie\n`;

/** What lets a page of another origin use every endpoint and read every header that says something. */
const CORS = {
  "Access-Control-Allow-Origin": ["*"],
  "Access-Control-Allow-Methods": ["GET, HEAD, POST, PUT, PATCH, DELETE"],
  "Access-Control-Allow-Headers": [
    "Accept, Authorization, Content-Range, Content-Type, If-Match, If-None-Match, Range",
  ],
  "Access-Control-Expose-Headers": [
    "Content-Range, Docker-Content-Digest, ETag, Link, Location, OCI-Chunk-Max-Length, OCI-Chunk-Min-Length, OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, Retry-After, Warning, WWW-Authenticate",
  ],
  "Access-Control-Max-Age": ["600"],
};

/**
 * One of them, and what it can do: where the specification leaves it open, and where it does otherwise.
 *
 * @typedef {object} Kind
 * @property {string} what Whose it is.
 * @property {string} command The program.
 * @property {("basic" | "token")[]} auth
 * @property {boolean} referrers Whether it has the referrers API.
 * @property {boolean} artifactType Whether a referrer's `artifactType` is the manifest's own.
 * @property {("blobs" | "manifests")[]} sha512 What it takes by sha512.
 * @property {boolean} mounts Whether it mounts blobs across repositories.
 * @property {boolean} resumes Whether an upload goes on after an answer was lost: whoever comes by the Location before that
 *   may find it taken back.
 * @property {boolean} openRange Whether it sends the rest of a blob, from a byte on, if not told where the end is.
 * @property {boolean} order Whether it refuses a chunk that is out of order.
 * @property {"link" | "cut" | "whole"} paging What `n` does to lists of tags: pages with links, one page and no more, nothing.
 * @property {boolean} etag Whether manifests have one, and `If-None-Match` is honoured.
 * @property {boolean} tagDelete Whether a tag can be deleted and its manifest stays.
 */

/** @type {Record<string, Kind>} */
export const kinds = {
  "docker-registry": {
    what: "Debian's docker-registry 2.8",
    command: "docker-registry",
    auth: ["basic", "token"],
    referrers: false,
    artifactType: false,
    sha512: ["blobs"],
    mounts: true,
    resumes: false,
    openRange: true,
    order: false,
    paging: "whole",
    etag: true,
    tagDelete: false,
  },
  distribution: {
    what: "distribution 3",
    command: goTool("registry"),
    auth: ["basic", "token"],
    referrers: false,
    artifactType: false,
    sha512: ["blobs"],
    mounts: true,
    resumes: true,
    openRange: true,
    order: true,
    paging: "link",
    etag: true,
    tagDelete: true,
  },
  // Its mount of a blob that is not there is a 404; a list of no referrers is `null`.
  ociregistry: {
    what: "cuelabs' ociregistry",
    command: goTool("servers"),
    auth: [],
    referrers: true,
    artifactType: true,
    sha512: [],
    mounts: true,
    resumes: true,
    openRange: true,
    order: true,
    paging: "link",
    etag: false,
    tagDelete: true,
  },
  // It filters no referrers, and gives each the media type of its config.
  ggcr: {
    what: "go-containerregistry's registry",
    command: goTool("servers"),
    auth: [],
    referrers: true,
    artifactType: false,
    sha512: ["blobs", "manifests"],
    mounts: false,
    resumes: false,
    openRange: false,
    order: true,
    paging: "cut",
    etag: false,
    tagDelete: true,
  },
};

/** What Pierhead's own registry can do: everything. */
const OWN = {
  auth: [],
  referrers: true,
  artifactType: true,
  sha512: ["blobs", "manifests"],
  mounts: true,
  resumes: true,
  openRange: true,
  order: true,
  paging: "link",
  etag: true,
  tagDelete: true,
};

/** Pierhead's own registry on its hosts: what clients that others wrote, and ours, make of it. @type {Record<string, Kind>} */
export const hosts = {
  serve: { what: "pierhead serve", command: process.execPath, ...OWN },
  worker: { what: "the example Worker in workerd", command: process.execPath, ...OWN },
};

/**
 * @param {keyof typeof hosts} kind
 * @returns {Promise<Started>}
 */
export async function startHost(kind) {
  if (kind === "worker") return { kind, pid: 0, ...(await startWorker()) };
  const folder = mkdtempSync(join(tmpdir(), "pierhead-registry-"));
  const { close, ...started } = await startServe(["--store", folder]);
  return {
    kind,
    ...started,
    close: async () => {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @typedef {object} Started
 * @property {string} kind
 * @property {string} host
 * @property {string} url
 * @property {number} pid
 * @property {import("./token-service.mjs").Asked[]} [asked] What the token service was asked.
 * @property {() => Promise<void>} close
 */

/**
 * @param {keyof typeof kinds} kind
 * @param {object} [options]
 * @param {"basic" | "token"} [options.auth] None unless told; the user is {@link USER}.
 * @param {("GET" | "POST")[]} [options.tokenMethods] What the token service answers.
 * @param {"ES256" | "RS256"} [options.algorithm] What the token service signs with.
 * @param {boolean} [options.cors] Whether pages of other origins may use it.
 * @param {string} [options.base] The folder below which its storage goes.
 * @returns {Promise<Started>}
 */
export async function startPeer(kind, { auth, tokenMethods, algorithm, cors = false, base = tmpdir() } = {}) {
  const folder = mkdtempSync(join(base, "pierhead-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const url = `http://${host}`;
  let tokens;
  const closing = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const act of closing.reverse()) await act();
  };
  try {
    if (auth === "token") {
      const users = { [USER.username]: USER.password };
      tokens = await startTokenService({ folder, users, methods: tokenMethods, algorithm });
      closing.push(tokens.close);
    }
    const args = configured[kind]({ folder, host, auth, tokens, cors });
    const server = await startServer(kinds[kind].command, args, { probe: `${url}/v2/` });
    closing.push(server.close);
    return { kind, host, url, pid: server.pid, asked: tokens?.asked, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The arguments that start each. */
const configured = {
  "docker-registry": distributionArguments,
  distribution: distributionArguments,
  ociregistry: ({ host }) => ["-kind=ociregistry", `-address=${host}`],
  ggcr: ({ host }) => ["-kind=ggcr", `-address=${host}`],
};

function distributionArguments({ folder, host, auth, tokens, cors }) {
  const htpasswd = join(folder, "htpasswd");
  const config = join(folder, "config.json");
  const data = join(folder, "data");
  mkdirSync(data);
  writeFileSync(htpasswd, HTPASSWD);
  const access = {
    basic: { htpasswd: { realm: "registry", path: htpasswd } },
    token: { token: tokens?.settings },
  };
  // JSON is YAML, which the registry reads.
  const settings = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: host, secret: "not one", headers: cors ? CORS : undefined },
    auth: access[auth],
  };
  writeFileSync(config, JSON.stringify(settings));
  return ["serve", config];
}

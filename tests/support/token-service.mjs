/**
 * A token service as real registries are set up with: signed tokens (JSON Web Token, RFC 7519) that the registry
 * verifies by the certificate of their key, asked for by GET or by OAuth2 POST.
 *
 * https://distribution.github.io/distribution/spec/auth/token/ and …/auth/oauth/
 */
import { execFileSync } from "node:child_process";
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/** How long a token is good for, in seconds: the least that the specification allows. */
const LIFETIME = 60;

/** The key that signs, by the name of its algorithm (RFC 7518): what openssl makes it by. */
const KEYS = { ES256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], RS256: ["-newkey", "rsa:2048"] };

/** A request as the service got it; `form` is undefined for GET. @typedef {{method: string, query: URLSearchParams, user?: string, form?: URLSearchParams, status: number}} Asked */

/**
 * Starts a token service on loopback.
 *
 * @param {object} options
 * @param {string} options.folder Where the certificate goes.
 * @param {Record<string, string>} options.users Their passwords. They may do everything; others may pull `public/…`.
 * @param {("GET" | "POST")[]} [options.methods] What the endpoint answers; other requests get 405.
 * @param {keyof typeof KEYS} [options.algorithm]
 * @returns {Promise<{settings: Record<string, string>, asked: Asked[], close(): void}>} `settings` is what the
 *   registry's `auth.token` wants.
 */
export async function startTokenService({ folder, users, methods = ["GET", "POST"], algorithm = "ES256" }) {
  const certificate = join(folder, "token.crt");
  const key = join(folder, "token.key");
  const request = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=token service", ...KEYS[algorithm]];
  execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "pipe" });
  const signer = new Signer(readFileSync(key), readFileSync(certificate), algorithm);

  /** @type {Asked[]} */
  const asked = [];
  const service = "registry.test";
  const issuer = "pierhead tests";
  const grants = new Grants(users);
  const server = createServer(async (incoming, response) => {
    const { status, body } = await answered(incoming);
    response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const realm = `http://127.0.0.1:${server.address().port}/token`;

  async function answered(incoming) {
    const url = new URL(incoming.url, realm);
    const { method } = incoming;
    const form = method === "POST" ? new URLSearchParams(await textOf(incoming)) : undefined;
    const entry = { method, query: url.searchParams, form, user: undefined, status: 200 };
    asked.push(entry);
    const refused = (status, code) => {
      entry.status = status;
      return { status, body: form ? { error: code } : { errors: [{ code: "UNAUTHORIZED", message: code }] } };
    };
    if (url.pathname !== "/token") return refused(404, "not_found");
    if (!methods.includes(method)) return refused(405, "method_not_allowed");
    const fields = form ?? url.searchParams;
    if (fields.get("service") !== service) return refused(400, "invalid_request");
    const who = form === undefined ? grants.ofBasic(incoming.headers.authorization) : grants.ofForm(form);
    if (who === undefined) return refused(form ? 400 : 401, "invalid_grant");
    entry.user = who.user;
    const scopes = fields.getAll("scope").flatMap((scope) => scope.split(" ").filter(Boolean));
    const token = signer.token({ iss: issuer, aud: service, sub: who.user ?? "", access: accessOf(scopes, who.user) });
    const offline = form?.get("access_type") === "offline" || url.searchParams.get("offline_token") === "true";
    const refresh = who.user !== undefined && offline ? { refresh_token: grants.refreshTokenOf(who.user) } : {};
    // Each way of asking has its own name for the token.
    const named = form ? { access_token: token, scope: scopes.join(" ") } : { token };
    return { status: 200, body: { ...named, ...refresh, expires_in: LIFETIME, issued_at: new Date().toISOString() } };
  }

  return {
    settings: { realm, service, issuer, rootcertbundle: certificate },
    asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Who asks: a user, or nobody in particular; undefined for one who claims what is not so. */
class Grants {
  #users;
  /** @type {Map<string, string>} refresh token to user */
  #refreshTokens = new Map();

  constructor(users) {
    this.#users = new Map(Object.entries(users));
  }

  ofBasic(header) {
    if (header === undefined) return { user: undefined };
    const [, encoded = ""] = /^Basic (.+)$/i.exec(header) ?? [];
    const [user, ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
    return this.#checked(user, rest.join(":"));
  }

  ofForm(form) {
    if (!form.get("client_id")) return undefined;
    if (form.get("grant_type") === "password") return this.#checked(form.get("username"), form.get("password"));
    const user = this.#refreshTokens.get(form.get("refresh_token"));
    return form.get("grant_type") === "refresh_token" && user !== undefined ? { user } : undefined;
  }

  refreshTokenOf(user) {
    const token = randomUUID();
    this.#refreshTokens.set(token, user);
    return token;
  }

  #checked(user, password) {
    return this.#users.has(user) && this.#users.get(user) === password ? { user } : undefined;
  }
}

/** Of what was asked for, what the user may do; less than asked is no error. */
function accessOf(scopes, user) {
  return scopes.flatMap((scope) => {
    // The name may hold colons, with a host's port.
    const [, type, name, actions] = /^([a-z]+):(.+):([a-z*,]*)$/.exec(scope) ?? [];
    if (type === undefined) return [];
    const allowed = (action) => user !== undefined || (action === "pull" && name.startsWith("public/"));
    const granted = actions.split(",").filter((action) => action !== "" && allowed(action));
    return granted.length === 0 ? [] : [{ type, name, actions: granted }];
  });
}

class Signer {
  #key;
  #header;

  constructor(key, certificate, algorithm) {
    this.#key = createPrivateKey(key);
    const chain = [new X509Certificate(certificate).raw.toString("base64")];
    this.#header = { typ: "JWT", alg: algorithm, x5c: chain };
  }

  token(claims) {
    const now = Math.floor(Date.now() / 1000);
    const payload = { ...claims, iat: now, nbf: now - 5, exp: now + LIFETIME, jti: randomUUID() };
    const signed = [this.#header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const options = { key: this.#key, dsaEncoding: "ieee-p1363" };
    return [...signed, sign("sha256", Buffer.from(signed.join(".")), options).toString("base64url")].join(".");
  }
}

async function textOf(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

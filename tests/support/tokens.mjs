/** The Bearer token service of the test registry (distribution's token specification, anonymous access only). */
import { randomUUID } from "node:crypto";
import { sendError } from "./content.mjs";

const SERVICE = "pierhead-test";

/** Issues tokens and checks them; each is good for the one scope that it was asked for. */
export class Tokens {
  /** @type {Map<string, string>} token to scope */
  #issued = new Map();
  #realm;

  /** @param {string} realm The URL of the token endpoint. */
  constructor(realm) {
    this.#realm = realm;
  }

  /** Answers a request to the token endpoint. */
  issue(response, url) {
    if (url.searchParams.get("service") !== SERVICE) {
      sendError(response, 400, "UNSUPPORTED", "the token is for another service");
      return;
    }
    const token = randomUUID();
    this.#issued.set(token, url.searchParams.get("scope") ?? "");
    const body = JSON.stringify({ token, expires_in: 300, issued_at: new Date().toISOString() });
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": String(body.length) });
    response.end(body);
  }

  /** Whether the request may go on; if not, it has been answered with a challenge. */
  admits(response, repository) {
    const scope = repository === undefined ? undefined : `repository:${repository}:pull`;
    const [, token] = /^Bearer (.+)$/.exec(response.req.headers.authorization ?? "") ?? [];
    const held = token === undefined ? undefined : this.#issued.get(token);
    if (held !== undefined && (scope === undefined || held === scope)) return true;
    const asked = scope === undefined ? "" : `,scope="${scope}"`;
    sendError(response, 401, "UNAUTHORIZED", "authentication required", {
      "WWW-Authenticate": `Bearer realm="${this.#realm}",service="${SERVICE}"${asked}`,
    });
    return false;
  }
}

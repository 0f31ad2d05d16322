/** What a registry is shown, in the shape in which the client takes it. */
export type Credential =
  | { readonly username: string; readonly password: string }
  /** An identity token: what a token server takes in place of a password (OAuth 2). */
  | { readonly refreshToken: string }
  /** A token that the registry itself takes. */
  | { readonly token: string };

/** The user name under which credential helpers keep identity tokens. */
export const IDENTITY = "<token>";

/** The credential that a user name and a secret are. */
export function credentialOf(username: string, secret: string): Credential {
  return username === IDENTITY ? { refreshToken: secret } : { username, password: secret };
}

/** A user name and a secret as the `auths` of a configuration file have them. */
export function entryOf(username: string, secret: string): Record<string, string> {
  if (username === IDENTITY) return { identitytoken: secret };
  return { auth: Buffer.from(`${username}:${secret}`, "utf8").toString("base64") };
}

/**
 * The credential in an entry of `auths`; undefined if it has none, as those that Docker leaves behind of what its helper
 * keeps, or if it is not to be understood.
 */
export function credentialOfEntry(entry: unknown): Credential | undefined {
  if (entry === null || typeof entry !== "object") return undefined;
  const { registrytoken, identitytoken, auth, username, password } = entry as Partial<Record<string, unknown>>;
  if (isText(registrytoken)) return { token: registrytoken };
  if (isText(identitytoken)) return { refreshToken: identitytoken };
  if (isText(auth)) return decode(auth);
  return isText(username) && isText(password) ? { username, password } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function decode(auth: string): Credential | undefined {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  // Old versions of Docker filled the end with zeros.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

import type { WireCredential } from "../core/host.js";
import { optionalFunction } from "../core/settings.js";

/**
 * What proves to a registry, or to its token service, who asks: a user's name, without a colon, and password or access token;
 * a refresh token, which Docker calls identity token; or a token for the registry itself.
 */
export type Credential =
  | { readonly username: string; readonly password: string }
  | { readonly refreshToken: string }
  | { readonly token: string };

/**
 * Knows the credential for a registry, by its host and port as users write it (`registry.example:5000`; `docker.io` for Docker Hub);
 * `undefined` to ask without one. Called when the registry first asks for one, and again only after what it gave was refused. What it
 * throws is the cause of an `AuthError`.
 */
export type Credentials = (registry: string) => Credential | undefined | Promise<Credential | undefined>;

/** Asks for a credential, and tells its kind. Throws an `OciError` `INVALID_ARGUMENT`. */
export function credentialSource(
  credentials: Credentials | undefined,
): (registry: string) => Promise<WireCredential | undefined> {
  optionalFunction("credentials", credentials);
  return async (registry) => {
    const given: Record<string, unknown> | undefined = await credentials?.(registry);
    if (given === undefined || given === null) return undefined;
    const { username, password, refreshToken, token } = given;
    if (typeof username === "string" && typeof password === "string") return ["password", username, password];
    if (typeof refreshToken === "string") return ["refreshToken", refreshToken];
    if (typeof token === "string") return ["token", token];
    return [""];
  };
}

/** Who may do what, and by which name. */
export interface Admission {
  readonly PASSWORD?: string;
  readonly ANYONE_MAY_PUSH?: string;
  readonly HOSTS?: string;
}

/** What an operator has put into a variable, with commas between. */
export function listed(variable: string): string[] {
  return variable.split(",").map((one) => one.trim().toLowerCase());
}

/** The answer to whoever may not do this; `undefined` to all others. */
export async function admission(request: Request, env: Admission): Promise<Response | undefined> {
  if (env.HOSTS !== undefined && !isByName(request, listed(env.HOSTS)))
    return refusal(403, "DENIED", "this registry is not asked for by this name");
  // A browser asks whether a page may ask, with no password: the answer says nothing about what is here.
  if (request.method === "OPTIONS") return undefined;
  if (env.PASSWORD) {
    const [scheme = "", credential = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const password = scheme.toLowerCase() === "basic" ? passwordOf(credential) : undefined;
    if (password !== undefined && (await same(password, env.PASSWORD))) return undefined;
    // Docker takes its challenge from /v2/ alone, so it has to be there for those who only pull, too.
    return refusal(401, "UNAUTHORIZED", "a password is needed", { "www-authenticate": 'Basic realm="pierhead"' });
  }
  const reads = ["GET", "HEAD"].includes(request.method);
  if (reads || env.ANYONE_MAY_PUSH === "true") return undefined;
  return refusal(403, "DENIED", "nobody may push here: set the secret PASSWORD");
}

/**
 * Whether the Worker is asked for by an address, which no name leads to, or by one of these names. A page may have a name of its own lead to a machine
 * that only its visitor can reach, and would read there as a page of this registry.
 */
function isByName(request: Request, names: readonly string[]): boolean {
  const { hostname } = new URL(request.url);
  return hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(hostname) || names.includes(hostname);
}

function passwordOf(credential: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(credential), (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return text.slice(text.indexOf(":") + 1);
  } catch {
    return undefined;
  }
}

/** By their hashes: how long it takes says nothing about the password. */
async function same(one: string, other: string): Promise<boolean> {
  const hash = async (text: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const [left, right] = [await hash(one), await hash(other)];
  return left.reduce((difference, byte, at) => difference | (byte ^ (right[at] ?? 0)), 0) === 0;
}

function refusal(status: number, code: string, message: string, headers = {}): Response {
  return Response.json({ errors: [{ code, message }] }, { status, headers });
}

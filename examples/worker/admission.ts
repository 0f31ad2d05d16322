/** Who may do what. */
export interface Admission {
  readonly PASSWORD?: string;
  readonly ANYONE_MAY_PUSH?: string;
}

/** The answer to whoever may not do this; `undefined` to all others. */
export async function admission(request: Request, env: Admission): Promise<Response | undefined> {
  if (env.PASSWORD) {
    const [scheme = "", credential = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const password = scheme.toLowerCase() === "basic" ? passwordOf(credential) : undefined;
    if (password !== undefined && (await same(password, env.PASSWORD))) return undefined;
    // Docker takes its challenge from /v2/ alone, so it has to be there for those who only pull, too.
    return refusal(401, "UNAUTHORIZED", "a password is needed", { "www-authenticate": 'Basic realm="pierhead"' });
  }
  const reads = ["GET", "HEAD", "OPTIONS"].includes(request.method);
  if (reads || env.ANYONE_MAY_PUSH === "true") return undefined;
  return refusal(403, "DENIED", "nobody may push here: set the secret PASSWORD");
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

/** Who may do what to the example Worker. */
import { expect, test } from "vitest";
import { admission } from "../../../examples/worker/admission.ts";
import { pagesMayRead } from "../../../examples/worker/pages.ts";

const ask = async (method: string, env: Parameters<typeof admission>[1], authorization?: string) =>
  await admission(
    new Request("https://registry.test/v2/", { method, headers: authorization ? { authorization } : {} }),
    env,
  );
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("without a password everyone may pull, and no one push unless the operator says so", async () => {
  expect(await ask("GET", {})).toBe(undefined);
  const refused = await ask("PUT", {});
  expect([refused?.status, await refused?.json()]).toMatchObject([403, { errors: [{ code: "DENIED" }] }]);
  expect((await ask("DELETE", { ANYONE_MAY_PUSH: "false" }))?.status).toBe(403);
  expect(await ask("PUT", { ANYONE_MAY_PUSH: "true" })).toBe(undefined);
});

test("with a password everyone shows it, with any user name, and is told so first", async () => {
  const env = { PASSWORD: "pass:wörd", ANYONE_MAY_PUSH: "true" };
  const first = await ask("GET", env);
  expect([first?.status, first?.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="pierhead"']);
  expect(await ask("PUT", env, basic("anyone:pass:wörd"))).toBe(undefined);
  expect(await ask("PUT", env, basic("anyone:pass:wörd").replace("Basic", "basic"))).toBe(undefined);
  const wrong = ["anyone:", "anyone:pass", "pass:wörd", "anyone:pass:wörd "].map(basic);
  for (const one of [...wrong, "Basic", "Basic !", `Bearer ${btoa("a:b")}`, "Basic  "])
    expect((await ask("GET", env, one))?.status, one).toBe(401);
});

test("whether a page may ask is told before a password is", async () => {
  for (const env of [{}, { PASSWORD: "secret" }]) expect(await ask("OPTIONS", env)).toBe(undefined);
});

test("it answers to addresses and to the names it was given, whatever else leads to it", async () => {
  const status = async (host: string, method = "GET") => {
    const env = { HOSTS: "localhost, Registry.example", ANYONE_MAY_PUSH: "true" };
    return (await admission(new Request(`http://${host}/v2/_catalog`, { method }), env))?.status;
  };
  for (const host of ["localhost", "LOCALHOST:5000", "127.0.0.1:5000", "[::1]:5000", "registry.example"]) {
    expect([host, await status(host)]).toEqual([host, undefined]);
  }
  for (const host of ["rebound.example:5000", "localhost.example", "127.0.0.1.example", "example"]) {
    for (const method of ["GET", "OPTIONS", "PUT"]) expect([host, await status(host, method)]).toEqual([host, 403]);
  }
});

test("a refusal is read by those pages that may read the registry", async () => {
  const seenBy = (origin: string | undefined, cors?: readonly string[]) => {
    const request = new Request("https://registry.test/v2/", { headers: origin ? { origin } : {} });
    const { headers } = pagesMayRead(new Response(null, { status: 401 }), request, cors);
    return ["access-control-allow-origin", "access-control-expose-headers", "vary"].map((name) => headers.get(name));
  };
  const page = "https://page.example";
  expect(seenBy(page)).toEqual(["*", "WWW-Authenticate", null]);
  expect(seenBy(page, [page])).toEqual([page, "WWW-Authenticate", "Origin"]);
  for (const other of ["https://other.example", undefined])
    expect(seenBy(other, [page])).toEqual([null, null, "Origin"]);
  expect(seenBy(page, [])).toEqual([null, null, "Origin"]);
});

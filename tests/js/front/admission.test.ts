/** Who may do what to the example Worker. */
import { expect, test } from "vitest";
import { admission } from "../../../examples/worker/admission.ts";

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

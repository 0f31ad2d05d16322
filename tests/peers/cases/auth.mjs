/** Every way in which registries ask who comes: Basic, and tokens by GET and by OAuth2 POST, which they verify. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fixtureLayout } from "../../support/layout.mjs";
import { USER } from "../../support/registries.mjs";
import { clientOf } from "../lib/client.mjs";
import { bytesOf, digestOf, freshBytes } from "../lib/content.mjs";
import { verifiedLayout } from "../lib/layouts.mjs";
import { isThere, pierhead, pulled, pushed, tools } from "../lib/tools.mjs";

const TAG = "1.0";

const basic = { what: "Basic", how: "basic", options: {} };
const byGet = { what: "tokens by GET", how: "token", options: { tokenMethods: ["GET"] } };
const byPost = { what: "tokens by POST", how: "token", options: { tokenMethods: ["POST"] } };
const byRsa = { what: "tokens signed by RSA", how: "token", options: { algorithm: "RS256" } };
const byEither = { what: "tokens by either", how: "token", options: {} };

const known = () => USER;

/**
 * @typedef {import("../run.mjs").Case & {auth: {what: string, how: "basic" | "token", options: object}[]}} AuthCase
 *
 * @type {AuthCase[]}
 */
export const authCases = [
  {
    name: "who has the password pushes and pulls",
    auth: [basic, byGet, byPost, byRsa, byEither],
    run: async ({ registry, name }) => {
      const bytes = freshBytes(100_000);
      const { blobs } = clientOf(registry, { credentials: known }).repository(name);
      const { digest } = await blobs.push(bytes);
      assert.deepEqual(await bytesOf((await blobs.get(digest)).body), bytes);
    },
  },
  {
    name: "a wrong password is an AuthError, and nothing is pushed",
    auth: [basic, byGet, byPost],
    run: async ({ registry, name }) => {
      const bytes = freshBytes(1000);
      const credentials = () => ({ ...USER, password: "wrong" });
      const { blobs } = clientOf(registry, { credentials }).repository(name);
      await assert.rejects(blobs.push(bytes), { name: "AuthError" });
      const right = clientOf(registry, { credentials: known }).repository(name);
      await assert.rejects(right.blobs.head(digestOf(bytes)), { name: "RegistryError", status: 404 });
    },
  },
  {
    name: "nobody in particular cannot push",
    auth: [basic, byGet, byPost],
    run: async ({ registry, name }) => {
      await assert.rejects(clientOf(registry).repository(name).blobs.push(freshBytes(10)), { name: "AuthError" });
    },
  },
  {
    name: "nobody in particular pulls what is public",
    auth: [byGet],
    run: async ({ registry, name }) => {
      const bytes = freshBytes(1000);
      const repository = `public/${name}`;
      await clientOf(registry, { credentials: known }).repository(repository).blobs.push(bytes);
      const { body } = await clientOf(registry).repository(repository).blobs.get(digestOf(bytes));
      assert.deepEqual(await bytesOf(body), bytes);
    },
  },
  {
    name: "a token is asked for once for all that it is good for",
    auth: [byGet],
    run: async ({ registry, name }) => {
      const { blobs } = clientOf(registry, { credentials: known }).repository(name);
      for (let count = 0; count < 5; count++) await blobs.push(freshBytes(1000));
      assert.ok(registry.asked.length <= 2, `the service was asked ${registry.asked.length} times`);
    },
  },
  {
    name: "a blob is mounted by a token for both repositories",
    auth: [byGet],
    run: async ({ registry, name }) => {
      const bytes = freshBytes(1000);
      const client = clientOf(registry, { credentials: known });
      const { digest } = await client.repository(`${name}/from`).blobs.push(bytes);
      await client.repository(`${name}/to`).blobs.push(bytes, { digest, mountFrom: `${name}/from` });
      const scopes = registry.asked.map(({ query }) => query.getAll("scope").join(" "));
      assert.match(scopes.at(-1), new RegExp(`repository:${name}/from:pull`));
      assert.match(scopes.at(-1), new RegExp(`repository:${name}/to:`));
    },
  },
  {
    name: "a refresh token stands for the password",
    auth: [byPost],
    run: async ({ registry, name }) => {
      const refreshToken = await refreshTokenOf(registry);
      const bytes = freshBytes(1000);
      const { blobs } = clientOf(registry, { credentials: () => ({ refreshToken }) }).repository(name);
      const { digest } = await blobs.push(bytes);
      assert.deepEqual(await bytesOf((await blobs.get(digest)).body), bytes);
      assert.equal(registry.asked.at(-1).form.get("grant_type"), "refresh_token");
    },
  },
  {
    name: "what pierhead login keeps lets the command line push, and oras pull, until pierhead logout",
    auth: [basic, byGet],
    run: async ({ registry, name, scratch }) => {
      const as = { home: scratch };
      const image = `${registry.host}/${name}:${TAG}`;
      await pierhead(["login", registry.host, `--username=${USER.username}`, "--password-stdin"], as, USER.password);
      await pushed(tools.pierhead, fixtureLayout, TAG, image, as);
      const expected = verifiedLayout(fixtureLayout);
      for (const tool of [tools.pierhead, tools.oras].filter(({ program }) => isThere(program))) {
        const target = join(scratch, `pulled-${basename(tool.program)}`);
        await pulled(tool, image, target, TAG, as);
        assert.deepEqual(verifiedLayout(target, expected.digest), expected);
      }
      await pierhead(["logout", registry.host], as);
      await assert.rejects(pulled(tools.pierhead, image, join(scratch, "refused"), TAG, as), /AUTH|401|credential/i);
    },
  },
  {
    name: "pierhead login keeps no password that the registry does not take",
    auth: [basic, byGet, byPost],
    run: async ({ registry, scratch }) => {
      const login = ["login", registry.host, `--username=${USER.username}`, "--password-stdin"];
      await assert.rejects(pierhead(login, { home: scratch }, "wrong"), /does not take this credential/);
      assert.equal(existsSync(join(scratch, "config.json")), false);
    },
  },
];

/** By OAuth2, as `docker login` does. */
async function refreshTokenOf(registry) {
  const challenge = (await fetch(`${registry.url}/v2/`)).headers.get("www-authenticate");
  const [, realm] = /realm="([^"]+)"/.exec(challenge);
  const [, service] = /service="([^"]+)"/.exec(challenge);
  const form = { grant_type: "password", service, client_id: "test", access_type: "offline", ...USER };
  const response = await fetch(realm, { method: "POST", body: new URLSearchParams(form) });
  return (await response.json()).refresh_token;
}

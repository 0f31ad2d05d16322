import type { Credential, RegistryWarning } from "pierhead/client";
import { equal, hasCode, ok, rejects, throws } from "../assert.ts";
import type { Case } from "../case.ts";

const TOKEN_URL = "https://auth.test/token";

/** A request as a registry sees it: `METHOD URL`, who asks, and what it carries. */
interface Seen {
  readonly line: string;
  readonly authorization: string | null;
  readonly body: string;
}

/** A function that sends requests to `answer`, and what it was asked. */
function answering(answer: (seen: Seen) => Response): { fetch: typeof fetch; seen: Seen[] } {
  const seen: Seen[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init as RequestInit);
    const one = {
      line: `${request.method} ${request.url}`,
      authorization: request.headers.get("authorization"),
      body: await request.text(),
    };
    seen.push(one);
    return answer(one);
  };
  return { fetch, seen };
}

function challenge(value: string): Response {
  return new Response(null, { status: 401, headers: { "WWW-Authenticate": value } });
}

export const cases: Case[] = [
  {
    name: "a credential is asked for once, when the registry wants one, by the name that users know",
    async run({ pierhead: { Registry } }) {
      const asked: string[] = [];
      const { fetch, seen } = answering(({ authorization }) =>
        authorization === null ? challenge("Basic") : new Response("{}"),
      );
      const credentials = async (registry: string) => {
        asked.push(registry);
        return { username: "user", password: "päss" };
      };
      const registry = new Registry("docker.io", { fetch, credentials });
      await registry.ping();
      await registry.ping();
      equal(asked, ["docker.io"]);
      const basic = "Basic dXNlcjpww6Rzcw==";
      equal(
        seen.map(({ authorization }) => authorization),
        [null, basic, basic],
      );
    },
  },
  {
    name: "refresh tokens are posted to the token service, registry tokens are used as they are",
    async run({ pierhead: { Registry } }) {
      for (const [credential, posts] of [
        [{ refreshToken: "own" }, 1],
        [{ token: "own" }, 0],
      ] as [Credential, number][]) {
        const { fetch, seen } = answering(({ line, authorization, body }) => {
          if (line === `POST ${TOKEN_URL}` && body.includes("refresh_token=own")) {
            return Response.json({ access_token: "own" });
          }
          return authorization === "Bearer own" ? new Response("{}") : challenge(`Bearer realm="${TOKEN_URL}"`);
        });
        await new Registry("registry.test", { fetch, credentials: () => credential }).ping();
        equal(seen.length, 2 + posts);
      }
    },
  },
  {
    name: "a token service that leads a credential elsewhere gets none from a host that would follow by itself",
    async run({ pierhead: { Registry } }) {
      const modes: (string | undefined)[] = [];
      const fetch = async (_input: RequestInfo | URL, init?: RequestInit) => {
        if (init?.method !== "POST") return challenge(`Bearer realm="${TOKEN_URL}"`);
        modes.push(init.redirect);
        return Object.defineProperty(new Response(), "type", { value: "opaqueredirect" });
      };
      const options = { fetch, retries: 0, credentials: () => ({ refreshToken: "own" }) };
      hasCode(await rejects(new Registry("registry.test", options).ping()), "UNEXPECTED_RESPONSE");
      equal(modes, ["manual"]);
    },
  },
  {
    name: "what is no credential is INVALID_ARGUMENT, and what looking for one throws is the cause of AUTH_FAILED",
    async run({ pierhead: { Registry } }) {
      const { fetch } = answering(() => challenge("Basic"));
      for (const wrong of [{}, { username: "user" }, { token: 1 }, "user:pass", 7]) {
        const credentials = () => wrong as unknown as Credential;
        const error = await rejects(new Registry("registry.test", { fetch, credentials }).ping(), String(wrong));
        hasCode(error, "INVALID_ARGUMENT");
      }
      const colon = () => ({ username: "a:b", password: "c" });
      hasCode(await rejects(new Registry("registry.test", { fetch, credentials: colon }).ping()), "INVALID_ARGUMENT");
      const locked = new Error("the keychain is locked");
      const credentials = () => Promise.reject(locked);
      const error = await rejects(new Registry("registry.test", { fetch, credentials }).ping());
      hasCode(error, "AUTH_FAILED");
      ok((error as Error).cause === locked, "the cause is lost");
    },
  },
  {
    name: "a refused credential is AUTH_FAILED, without a secret in it",
    async run({ pierhead: { Registry, AuthError } }) {
      const { fetch } = answering(() => challenge("Basic"));
      const credentials = () => ({ username: "user", password: "secret" });
      const registry = new Registry("registry.test", { fetch, credentials });
      const error = await rejects(registry.repository("a/b").manifests.get("1.0"));
      ok(error instanceof AuthError, "it is not an AuthError");
      ok(error.message.includes("repository:a/b:pull"), error.message);
      ok(!JSON.stringify(error).includes("secret") && !JSON.stringify(error).includes("c2VjcmV0"), "it leaks");
    },
  },
  {
    name: "no credential goes by plain HTTP to another machine unless that is allowed",
    async run({ pierhead: { Registry } }) {
      const { fetch } = answering(({ authorization }) =>
        authorization === null ? challenge("Basic") : new Response("{}"),
      );
      const credentials = () => ({ username: "user", password: "pass" });
      hasCode(await rejects(new Registry("http://registry.test", { fetch, credentials }).ping()), "AUTH_FAILED");
      await new Registry("registry.test", { fetch, credentials, plainHttp: true }).ping();
      await new Registry("http://localhost:5000", { fetch, credentials }).ping();
    },
  },
  {
    name: "an abort ends the wait for another attempt at once",
    async run({ pierhead: { Registry } }) {
      const { fetch, seen } = answering(() => new Response(null, { status: 503, headers: { "Retry-After": "60" } }));
      const controller = new AbortController();
      const reason = new Error("enough");
      setTimeout(() => controller.abort(reason), 50);
      const begun = Date.now();
      const error = await rejects(new Registry("registry.test", { fetch }).ping({ signal: controller.signal }));
      ok(error === reason, String(error));
      ok(Date.now() - begun < 10_000, "it waited");
      equal(seen.length, 1);
    },
  },
  {
    name: "what fails in passing is asked for again, as often as the caller wants",
    async run({ pierhead: { Registry } }) {
      for (const retries of [0, 2]) {
        const { fetch, seen } = answering(() => new Response(null, { status: 503 }));
        hasCode(await rejects(new Registry("registry.test", { fetch, retries }).ping()), "REGISTRY_ERROR");
        equal(seen.length, retries + 1);
      }
      let broken = true;
      const fetch = async () => {
        if (!broken) return new Response("{}");
        broken = false;
        throw new TypeError("the connection broke");
      };
      await new Registry("registry.test", { fetch }).ping();
    },
  },
  {
    name: "a registry that wants to be left alone for an hour says so, and is",
    async run({ pierhead: { Registry, RegistryError } }) {
      const { fetch, seen } = answering(() => new Response(null, { status: 429, headers: { "Retry-After": "3600" } }));
      const error = await rejects(new Registry("registry.test", { fetch }).ping());
      ok(error instanceof RegistryError, "it is not a RegistryError");
      equal([error.retryAfter, seen.length], [3600, 1]);
    },
  },
  {
    name: "warnings are told once each, and by whom",
    async run({ pierhead: { Registry } }) {
      const headers = { Warning: '299 - "old, soon gone", 299 - "again"' };
      const { fetch } = answering(() => new Response("{}", { headers }));
      const told: RegistryWarning[] = [];
      const registry = new Registry("registry.test:5000", { fetch, onWarning: (warning) => told.push(warning) });
      await registry.ping();
      await registry.ping();
      equal(told, [
        { registry: "registry.test:5000", text: "old, soon gone" },
        { registry: "registry.test:5000", text: "again" },
      ]);
    },
  },
  {
    name: "the rate limit is the one that was stated last",
    async run({ pierhead: { Registry } }) {
      let remaining = 77;
      const { fetch } = answering(() => {
        remaining -= 1;
        const headers = { "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": `${remaining};w=21600` };
        return new Response("{}", { headers });
      });
      const registry = new Registry("registry.test", { fetch });
      equal(registry.rateLimit, undefined);
      await registry.ping();
      await registry.ping();
      equal(registry.rateLimit, { limit: 100, remaining: 75, window: 21_600 });
    },
  },
  {
    name: "mirrors are asked first, and told whose content is meant",
    async run({ pierhead: { Registry } }) {
      const body = '{"schemaVersion":2,"manifests":[]}';
      const { fetch, seen } = answering(({ line }) => new Response(body, { status: line.includes("one") ? 404 : 200 }));
      const registry = new Registry("docker.io", { fetch, mirrors: ["one.test", "http://two.test"] });
      await registry.repository("library/a").manifests.get("1.0");
      equal(
        seen.map(({ line }) => line),
        [
          "GET https://one.test/v2/library/a/manifests/1.0?ns=docker.io",
          "GET http://two.test/v2/library/a/manifests/1.0?ns=docker.io",
        ],
      );
    },
  },
  {
    name: "no more requests are under way at once than the caller wants, but where the host has a bound of its own",
    async run({ pierhead: { Registry }, runtime }) {
      let [now, most] = [0, 0];
      const fetch = async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return new Response("{}");
      };
      const registry = new Registry("registry.test", { fetch, concurrency: 2 });
      await Promise.all(Array.from({ length: 6 }, () => registry.ping()));
      equal(most, runtime === "workerd" ? 6 : 2);
    },
  },
  {
    name: "options of the wrong type or range are INVALID_ARGUMENT",
    run({ pierhead: { Registry } }) {
      for (const wrong of [
        { retries: -1 },
        { retries: 1.5 },
        { concurrency: 0 },
        { concurrency: "6" },
        { mirrors: "one.test" },
        { mirrors: [1] },
        { credentials: {} },
        { onWarning: "log" },
      ]) {
        const options = wrong as unknown as ConstructorParameters<typeof Registry>[1];
        hasCode(
          throws(() => new Registry("registry.test", options), JSON.stringify(wrong)),
          "INVALID_ARGUMENT",
        );
      }
      hasCode(
        throws(() => new Registry("registry.test", { mirrors: ["https://h/path"] })),
        "INVALID_URL",
      );
    },
  },
];

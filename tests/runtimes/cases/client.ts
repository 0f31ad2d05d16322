import type { Repository } from "pierhead/client";
import { equal, hasCode, ok, rejects, sameBytes, throws } from "../assert.ts";
import type { Case, Context } from "../case.ts";

/** The repository of a fault of the test registry. */
function faulty({ pierhead: { Registry }, registry }: Context, fault: string, timeout = 10_000) {
  const client = new Registry(registry.url, { headersTimeout: timeout, idleTimeout: timeout, retries: 0 });
  return client.repository(`faults/${fault}`);
}

/** Reads a stream to its end. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** How many bytes a reader sees, and what ended it. */
async function drainBad(stream: ReadableStream<Uint8Array>): Promise<{ seen: number; error: unknown }> {
  const reader = stream.getReader();
  let seen = 0;
  for (;;) {
    try {
      const { done, value } = await reader.read();
      if (done) return { seen, error: undefined };
      seen += value.byteLength;
    } catch (error) {
      return { seen, error };
    }
  }
}

/** What each fault of a manifest's way here is called. */
const manifestFaults: Record<string, string> = {
  truncated: "DIGEST_MISMATCH",
  "truncated-chunked": "DIGEST_MISMATCH",
  long: "DIGEST_MISMATCH",
  corrupt: "DIGEST_MISMATCH",
  cut: "CONNECTION_LOST",
  stall: "TIMEOUT",
  silent: "TIMEOUT",
  "wrong-type": "MEDIA_TYPE_MISMATCH",
  "wrong-digest": "DIGEST_MISMATCH",
  html: "INVALID_JSON",
  huge: "TOO_LARGE",
  "error-500": "REGISTRY_ERROR",
  "error-endless": "REGISTRY_ERROR",
  "rate-limited": "REGISTRY_ERROR",
  denied: "AUTH_FAILED",
};

/** What each fault of a blob's way here is called. */
const blobFaults: Record<string, string> = {
  truncated: "BODY_TRUNCATED",
  "truncated-chunked": "BODY_TRUNCATED",
  long: "SIZE_MISMATCH",
  corrupt: "DIGEST_MISMATCH",
  cut: "CONNECTION_LOST",
  stall: "TIMEOUT",
  silent: "TIMEOUT",
};

export const cases: Case[] = [
  {
    name: "an image is pulled with every byte verified, from an open registry, a guarded one, and through the front",
    async run({ pierhead: { Registry }, registry, privateRegistry, front, image }) {
      for (const { url } of [registry, privateRegistry, front]) {
        const client = new Registry(url);
        await client.ping();
        const { manifests, blobs } = client.repository(image.repository);
        const index = await manifests.get(image.tag);
        equal(index.digest, image.index.digest);
        equal(index.size, image.index.size);
        equal(index.document.kind, "image-index");
        for (const { digest } of index.document.descriptors().manifests) {
          const { document } = await manifests.get(digest);
          equal(document.digest, digest);
          const { config, layers } = document.descriptors();
          ok(config !== undefined, "the manifest has no config");
          for (const descriptor of [config, ...layers]) {
            const blob = await blobs.get(descriptor.digest, { size: descriptor.size });
            equal(blob.size, descriptor.size);
            equal((await drain(blob.body)).byteLength, descriptor.size);
          }
        }
      }
    },
  },
  {
    name: "a manifest's bytes are those that were served, and its object is made of them",
    async run({ pierhead: { Registry, digest }, registry, image }) {
      const { bytes, document } = await new Registry(registry.url)
        .repository(image.repository)
        .manifests.get(image.tag);
      equal(digest(bytes), image.index.digest);
      sameBytes(bytes, document.bytes);
      const object = document.json() as { schemaVersion: number };
      equal(object.schemaVersion, 2);
      ok(document.json() === object, "the object is made twice");
    },
  },
  {
    name: "a head says digest and size of manifests and blobs",
    async run({ pierhead: { Registry }, registry, image }) {
      const { manifests, blobs } = new Registry(registry.url).repository(image.repository);
      const head = await manifests.head(image.tag);
      equal([head.digest, head.size], [image.index.digest, image.index.size]);
      equal(await blobs.head(image.layer.digest), { ...image.layer });
    },
  },
  ...Object.entries(manifestFaults).map(([fault, code]) => ({
    name: `a manifest from a registry that is ${fault} is ${code}`,
    async run(context: Context) {
      const { manifests } = faulty(context, fault, fault === "stall" || fault === "silent" ? 200 : 10_000);
      const error = await rejects(manifests.get(context.image.tag));
      hasCode(error, code);
      ok(error instanceof context.pierhead.OciError, "it is not an OciError");
    },
  })),
  {
    name: "the bytes of a manifest that says wrong things can be had, but not those that do not verify",
    async run(context: Context) {
      const { tag } = context.image;
      const html = await faulty(context, "html").manifests.raw(tag);
      ok(new TextDecoder().decode(html.bytes).startsWith("<"), "it is no HTML");
      equal(html.digest, context.pierhead.digest(html.bytes));
      const typed = await faulty(context, "wrong-type").manifests.raw(tag);
      ok(!context.pierhead.validate(typed.bytes, { mediaType: typed.mediaType ?? "" }).valid, "it is valid");
      hasCode(await rejects(faulty(context, "corrupt").manifests.raw(tag)), "DIGEST_MISMATCH");
    },
  },
  ...Object.entries(blobFaults).map(([fault, code]) => ({
    name: `a blob from a registry that is ${fault} is ${code} before its last byte`,
    async run(context: Context) {
      const { blobs } = faulty(context, fault, fault === "stall" || fault === "silent" ? 200 : 10_000);
      const { digest, size } = context.image.layer;
      let end: { seen: number; error: unknown };
      try {
        end = await drainBad((await blobs.get(digest, { size })).body);
      } catch (error) {
        end = { seen: 0, error };
      }
      ok(end.seen < size, `all of its ${size} bytes were seen`);
      hasCode(end.error, code);
    },
  })),
  {
    name: "a body that the host decoded verifies, as its bytes are the digest's",
    async run(context) {
      const { manifests, blobs } = faulty(context, "gzip");
      equal((await manifests.get(context.image.tag)).digest, context.image.index.digest);
      const blob = await blobs.get(context.image.layer.digest, { size: context.image.layer.size });
      equal((await drain(blob.body)).byteLength, context.image.layer.size);
    },
  },
  {
    name: "a redirect to another origin is followed",
    async run(context) {
      const { digest, size } = context.image.layer;
      const blob = await faulty(context, "redirect").blobs.get(digest, { size });
      equal((await drain(blob.body)).byteLength, size);
    },
  },
  {
    name: "a redirect without an end is refused",
    async run(context) {
      const error = await rejects(faulty(context, "redirect-loop").manifests.get("1.0"));
      ok(["UNEXPECTED_RESPONSE", "CONNECTION_FAILED"].includes((error as { code: string }).code), String(error));
    },
  },
  {
    name: "a rate limit says how long to wait, and a registry's error what it said",
    async run(context) {
      const limited = await rejects(faulty(context, "rate-limited").manifests.get("1.0"));
      ok(limited instanceof context.pierhead.RegistryError, "it is not a RegistryError");
      equal([limited.status, limited.errors[0]?.code], [429, "TOOMANYREQUESTS"]);
      const missing = await rejects(
        new context.pierhead.Registry(context.registry.url).repository("hello").manifests.get("missing"),
      );
      ok(missing instanceof context.pierhead.RegistryError, "it is not a RegistryError");
      equal(missing.status, 404);
    },
  },
  {
    name: "an abort rejects with its reason, before, during and while a body is read",
    async run(context) {
      const reason = new Error("enough");
      const client = new context.pierhead.Registry(context.registry.url);
      const over = AbortSignal.abort(reason);
      ok((await rejects(client.ping({ signal: over }))) === reason, "before");
      for (const [fault, use] of [
        ["silent", (signal: AbortSignal) => client.repository("faults/silent").manifests.get("1.0", { signal })],
        [
          "stall",
          async (signal: AbortSignal) => {
            const { digest, size } = context.image.layer;
            const { body } = await client.repository("faults/stall").blobs.get(digest, { size, signal });
            // Not through a Response: Chromium's has an error of its own for a stream that fails.
            throw (await drainBad(body)).error;
          },
        ],
      ] as const) {
        const controller = new AbortController();
        setTimeout(() => controller.abort(reason), 50);
        const error = await rejects(use(controller.signal));
        ok(error === reason || (error as Error).message === reason.message, `${fault}: ${error}`);
      }
    },
  },
  {
    name: "a registry that cannot be reached is CONNECTION_FAILED, with its cause and without credentials",
    async run({ pierhead: { Registry } }) {
      const cause = new TypeError("refused");
      const client = new Registry("registry.test", { fetch: () => Promise.reject(cause) });
      const error = (await rejects(client.ping())) as Error & { cause?: Error };
      hasCode(error, "CONNECTION_FAILED");
      ok(error.cause === cause || error.cause?.cause === cause, "the cause is lost");
    },
  },
  {
    name: "a body that a failure leaves unread is given up, so that its connection is free again",
    async run({ pierhead: { Registry }, image: { repository, layer } }) {
      const failing: [(repository: Repository) => Promise<unknown>, Record<string, string>, string][] = [
        [({ manifests }) => manifests.get("1.0"), { "Docker-Content-Digest": "none" }, "INVALID_HEADER"],
        [({ manifests }) => manifests.get("1.0"), { "Content-Type": "?" }, "INVALID_HEADER"],
        [({ manifests }) => manifests.get("1.0"), { "Content-Length": String(2 ** 40) }, "TOO_LARGE"],
        [({ manifests }) => manifests.get("1.0"), { "Content-Length": "9007199254740992" }, "INVALID_HEADER"],
        [({ blobs }) => blobs.get(layer.digest), { "Content-Length": "9007199254740992" }, "INVALID_HEADER"],
        [({ blobs }) => blobs.get(layer.digest, layer), { "Content-Length": "1" }, "BODY_TRUNCATED"],
      ];
      for (const [use, headers, code] of failing) {
        let givenUp = false;
        const cancel = () => {
          givenUp = true;
        };
        const fetch = async () => new Response(new ReadableStream({ cancel }), { headers });
        hasCode(await rejects(use(new Registry("registry.test", { fetch }).repository(repository))), code);
        ok(givenUp, `${code}: the body was left open`);
      }
    },
  },
  {
    name: "a response that comes after its operation was given up is given up too",
    async run({ pierhead: { Registry } }) {
      const reason = new Error("enough");
      for (const cut of ["timeout", "abort", "abort at once"]) {
        const abort = new AbortController();
        const cancelled = new Promise<void>((cancel) => {
          // It minds no signal, and answers late.
          const fetch = async () => {
            if (cut === "abort at once") abort.abort(reason);
            await new Promise((resolve) => setTimeout(resolve, 60));
            return new Response(new ReadableStream({ cancel: () => cancel() }));
          };
          const registry = new Registry("registry.test", { fetch, headersTimeout: cut === "timeout" ? 20 : 10_000 });
          if (cut === "abort") setTimeout(() => abort.abort(reason), 20);
          const ended = rejects(registry.repository("a").manifests.get("b", { signal: abort.signal }));
          ended.then((error) => {
            if (cut === "timeout") hasCode(error, "TIMEOUT");
            else ok(error === reason, `${cut}: ${error}`);
          });
        });
        await cancelled;
      }
    },
  },
  {
    name: "where a host followed redirects by itself, where they led is judged",
    async run({ pierhead: { Registry } }) {
      for (const [url, code] of [
        ["http://registry.test/v2/", "UNEXPECTED_RESPONSE"],
        ["https://127.0.0.1/v2/", "UNEXPECTED_RESPONSE"],
        ["https://user@elsewhere.test/", "INVALID_URL"],
      ]) {
        const followed = { redirected: { value: true }, url: { value: url } };
        const fetch = async () => Object.defineProperties(new Response("{}"), followed);
        hasCode(await rejects(new Registry("registry.test", { fetch }).ping(), url), code as string);
      }
    },
  },
  {
    name: "a manifest says whether its digest was known before its bytes",
    async run({ pierhead: { Registry, digest } }) {
      const body = '{"schemaVersion":2,"manifests":[]}';
      for (const [reference, headers, verified] of [
        ["1.0", {}, false],
        ["1.0", { "Docker-Content-Digest": digest(body) }, true],
        [digest(body), {}, true],
      ] as const) {
        const registry = new Registry("registry.test", { fetch: async () => new Response(body, { headers }) });
        const manifest = await registry.repository("a").manifests.get(reference);
        equal([manifest.verified, manifest.digest], [verified, digest(body)]);
      }
    },
  },
  {
    name: "malformed hosts, names, references, digests and options are typed errors",
    async run({ pierhead: { Registry } }) {
      for (const host of ["", "https://", "ftp://h", "https://u:p@h", "https://h/path", "a b"]) {
        hasCode(
          throws(() => new Registry(host), host),
          "INVALID_URL",
        );
      }
      hasCode(
        throws(() => new Registry("h", { idleTimeout: 0 })),
        "INVALID_ARGUMENT",
      );
      const registry = new Registry("registry.test");
      hasCode(await rejects(registry.repository("UPPER").manifests.get("a")), "INVALID_REFERENCE");
      hasCode(await rejects(registry.repository("a").manifests.get("-")), "INVALID_REFERENCE");
      hasCode(await rejects(registry.repository("a").manifests.get("sha256:x")), "INVALID_DIGEST");
      hasCode(await rejects(registry.repository("a").blobs.get("latest")), "INVALID_DIGEST");
      hasCode(
        await rejects(registry.repository("a").blobs.get(`sha256:${"0".repeat(64)}`, { size: -1 })),
        "INVALID_ARGUMENT",
      );
    },
  },
];

import { equal, hasCode, ok, rejects, throws } from "../assert.ts";
import type { Case } from "../case.ts";

const ABC = {
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha512:
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  blake3: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
} as const;

const algorithms = Object.keys(ABC) as (keyof typeof ABC)[];

export const cases: Case[] = [
  {
    name: "digests by every algorithm are those of the standards, whole and in pieces",
    run({ pierhead: { digest, Hasher } }) {
      for (const algorithm of algorithms) {
        const expected = `${algorithm}:${ABC[algorithm]}`;
        equal(digest("abc", algorithm), expected);
        const hasher = new Hasher(algorithm);
        for (const byte of [97, 98, 99]) hasher.update(Uint8Array.of(byte));
        equal(hasher.digest(), expected);
        hasher[Symbol.dispose]();
        hasCode(
          throws(() => hasher.digest()),
          "INTERNAL",
        );
      }
    },
  },
  {
    name: "a saved hash goes on in another hasher",
    run({ pierhead: { Hasher, digest } }) {
      const bytes = new Uint8Array(1000).map((_, index) => index);
      for (const algorithm of ["sha256", "sha512"] as const) {
        for (const cut of [0, 1, 64, 500, 1000]) {
          const state = new Hasher(algorithm).update(bytes.subarray(0, cut)).save();
          equal(Hasher.restore(algorithm, state).update(bytes.subarray(cut)).digest(), digest(bytes, algorithm));
        }
      }
      hasCode(
        throws(() => new Hasher("blake3").save()),
        "UNSUPPORTED_ALGORITHM",
      );
      hasCode(
        throws(() => Hasher.restore("sha256", Uint8Array.of(1, 2, 3))),
        "INVALID_HASH_STATE",
      );
    },
  },
  {
    name: "references, digests and platforms are read into their parts",
    run({ pierhead: { parseReference, parseDigest, parsePlatform, formatPlatform } }) {
      equal(parseReference("alpine"), { registry: "docker.io", repository: "library/alpine", tag: "latest" });
      const pinned = `[::1]:5000/a/b:1@sha256:${ABC.sha256}`;
      equal(parseReference(pinned), {
        registry: "[::1]:5000",
        repository: "a/b",
        tag: "1",
        digest: `sha256:${ABC.sha256}`,
      });
      equal(parseDigest(`sha256:${ABC.sha256}`), { algorithm: "sha256", encoded: ABC.sha256 });
      equal(formatPlatform(parsePlatform("linux/armhf")), "linux/arm/v7");
      hasCode(
        throws(() => parsePlatform("linux//")),
        "INVALID_PLATFORM",
      );
      hasCode(
        throws(() => parseDigest("sha256:AB")),
        "INVALID_DIGEST",
      );
    },
  },
  {
    name: "a verdict names rule, severity, place and section",
    run({ pierhead: { validate } }) {
      const report = validate('{\n  "schemaVersion": 2,\n  "manifests": {}\n}', {
        mediaType: "application/vnd.oci.image.index.v1+json",
      });
      ok(!report.valid, "it is valid");
      const [issue] = report.issues.filter(({ severity }) => severity === "error");
      ok(issue !== undefined, "there is no error");
      equal([issue.pointer, issue.line, issue.column], ["/manifests", 3, 16]);
      equal(issue.rule, "index.property.type");
      ok(issue.spec.startsWith("https://github.com/opencontainers/image-spec/"), issue.spec);
      hasCode(
        throws(() => validate("{}", { profile: "2" as "1.1" })),
        "INVALID_ARGUMENT",
      );
    },
  },
  {
    name: "a verdict alone is that of the report, whatever it depends on",
    run({ pierhead: { digest, isValid, validate } }) {
      const index = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
      const mediaType = "application/vnd.oci.image.index.v1+json";
      const manifest = "application/vnd.oci.image.manifest.v1+json";
      const descriptor = { mediaType, digest: digest(index), size: index.length };
      const other = { ...descriptor, digest: digest("") };
      const unknown = { ...descriptor, digest: "md5:00" };
      for (const [text, options, valid] of [
        [index, {}, true],
        [index, { mediaType: manifest }, false],
        [index, { mediaType: manifest, profile: "schema" }, false],
        [index, { descriptor }, true],
        [index, { descriptor, mediaType: manifest }, true],
        [index, { descriptor: other }, false],
        [index, { descriptor: other, profile: "schema" }, true],
        [index, { descriptor: unknown }, true],
        [index, { descriptor: { ...descriptor, size: 1 } }, false],
        ["{}", {}, false],
        ["", {}, false],
        [" ".repeat(9 * 1024 * 1024), {}, false],
      ] as const) {
        equal(isValid(text, options), valid, `${text.slice(0, 20)} ${JSON.stringify(options)}`);
        equal(validate(text, options).valid, valid, `${text.slice(0, 20)} ${JSON.stringify(options)}`);
      }
      hasCode(
        throws(() => isValid("{}", { profile: "2" as "1.1" })),
        "INVALID_ARGUMENT",
      );
    },
  },
  {
    name: "all rules are listed, also those that a verdict names",
    run({ pierhead: { rules, validate } }) {
      const all = rules();
      const [issue] = validate("[]").issues;
      ok(issue !== undefined, "nothing is found");
      const { rule: id, severity, spec } = issue;
      const rule = all.find((each) => each.id === id);
      equal([rule?.severity, rule?.spec], [severity, spec]);
      const grades = new Set(all.flatMap((each) => [each.severity, each.schemaSeverity]));
      equal([...grades].sort(), ["error", "warning"]);
      ok(
        all.every((each) => each.summary !== "" && each.spec.startsWith("https://")),
        "one says nothing",
      );
    },
  },
  {
    name: "a document that could be read in two ways, or is too deep or too large, is refused",
    run({ pierhead: { OciDocument, ManifestError, validate } }) {
      const index = "application/vnd.oci.image.index.v1+json";
      for (const [text, code] of [
        ['{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}', "INVALID_MANIFEST"],
        ['{"schemaVersion":2,"schemaVersion":2}', "INVALID_JSON"],
        ["\ufeff{}", "INVALID_JSON"],
        ['{"a":"\\ud800"}', "INVALID_JSON"],
        ["[".repeat(65) + "]".repeat(65), "TOO_DEEP"],
        [`{"a":"${" ".repeat(8 * 1024 * 1024)}"}`, "TOO_LARGE"],
      ] as const) {
        const error = throws(() => OciDocument.parse(text, { mediaType: index }), text.slice(0, 60));
        hasCode(error, code);
        ok(error instanceof ManifestError, "it is not a ManifestError");
        equal(validate(text, { mediaType: index }).valid, false, text.slice(0, 60));
      }
    },
  },
  {
    name: "a document that is too large is a finding, and its digest is that of all its bytes",
    run({ pierhead: { validate, digest } }) {
      const bytes = new Uint8Array(20 * 1024 * 1024).fill(32);
      const { issues, digest: found } = validate(bytes);
      equal(
        issues.map(({ rule }) => rule),
        ["json.size"],
      );
      equal(found, digest(bytes));
    },
  },
  {
    name: "what takes many pieces to copy has the digest of the whole",
    async run({ pierhead: { digest, digestStream, Hasher } }) {
      const bytes = new Uint8Array(33 * 1024 * 1024).map((_, index) => index % 251);
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      });
      const { digest: expected } = await digestStream(stream);
      equal(digest(bytes), expected);
      equal(digest(bytes.buffer), expected);
      equal(new Hasher().update(bytes).digest(), expected);
    },
  },
  {
    name: "arguments of other types are INVALID_ARGUMENT",
    async run({ pierhead }) {
      const { digest, digestStream, Hasher, OciDocument, Registry, validate, verifyStream } = pierhead;
      const { parseDigest, parsePlatform, parseReference } = pierhead;
      for (const wrong of [null, 1, {}, [], Symbol("s")] as never[]) {
        const calls: Record<string, () => unknown> = {
          parseDigest: () => parseDigest(wrong),
          parsePlatform: () => parsePlatform(wrong),
          parseReference: () => parseReference(wrong),
          validate: () => validate(wrong),
          "validate, mediaType": () => validate("{}", { mediaType: wrong }),
          "validate, profile": () => validate("{}", { profile: wrong }),
          parse: () => OciDocument.parse(wrong),
          "parse, mediaType": () => OciDocument.parse("{}", { mediaType: wrong }),
          digest: () => digest(wrong),
          "digest, algorithm": () => digest("", wrong),
          Hasher: () => new Hasher(wrong),
          restore: () => Hasher.restore("sha256", wrong),
          update: () => new Hasher().update(wrong),
          Registry: () => new Registry(wrong),
          "Registry, fetch": () => new Registry("registry.test", { fetch: wrong }),
          repository: () => new Registry("registry.test").repository(wrong),
          verifyStream: () => verifyStream(wrong, { digest: `sha256:${ABC.sha256}` }),
        };
        for (const [name, call] of Object.entries(calls)) hasCode(throws(call, name), "INVALID_ARGUMENT");
        const { manifests, blobs } = new Registry("registry.test").repository("a");
        const operations: Record<string, () => Promise<unknown>> = {
          manifest: () => manifests.get(wrong),
          "manifest, head": () => manifests.head(wrong),
          blob: () => blobs.get(wrong),
          "blob, head": () => blobs.head(wrong),
          digestStream: () => digestStream(wrong),
        };
        for (const [name, call] of Object.entries(operations)) {
          hasCode(await rejects(call(), name), "INVALID_ARGUMENT");
        }
      }
      const { manifests } = new Registry("registry.test").repository("a");
      for (const accept of ["a/b", [1], {}] as never[]) {
        hasCode(await rejects(manifests.get("a", { accept })), "INVALID_ARGUMENT");
      }
      hasCode(await rejects(manifests.get("a", { accept: ["日本"] })), "INVALID_HEADER");
    },
  },
];

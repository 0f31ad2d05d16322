import { equal, hasCode, ok, rejects, throws } from "../assert.ts";
import type { Case } from "../case.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

const digestOf = (number: number) => `sha256:${String(number).padStart(64, "0")}`;

interface Entry {
  readonly platform?: Record<string, unknown>;
  readonly mediaType?: string;
}

/** An index whose entries have their place for a digest, from `first` on. */
function indexOf(entries: readonly Entry[], first = 0): string {
  const manifests = entries.map(({ mediaType = MANIFEST, ...rest }, place) => ({
    mediaType,
    digest: digestOf(first + place),
    size: 1,
    ...rest,
  }));
  return JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
}

const linux = (architecture: string, variant?: string): Entry => ({
  platform: { os: "linux", architecture, ...(variant && { variant }) },
});
const nested: Entry = { mediaType: INDEX };

/** The choice by platform. */
export const cases: Case[] = [
  {
    name: "the best variant is selected, and of equals the first",
    run({ pierhead: { OciDocument, selectPlatform, parsePlatform } }) {
      const index = OciDocument.parse(
        indexOf([linux("arm", "v5"), linux("arm", "v6"), linux("arm", "v6"), linux("arm64", "v8"), linux("arm64")]),
      );
      const select = (platform: string, variants?: "exact") => {
        const found = selectPlatform(index, platform, variants && { variants })?.digest;
        equal(selectPlatform(index, parsePlatform(platform), variants && { variants })?.digest, found);
        return found;
      };
      equal(select("linux/arm/v7"), digestOf(1));
      equal(select("linux/arm/v6", "exact"), digestOf(1));
      equal(select("linux/arm/v7", "exact"), undefined);
      equal(select("linux/aarch64"), digestOf(3));
      equal(select("linux/amd64"), undefined);
      equal(selectPlatform(index, "linux/arm64")?.platform, { os: "linux", architecture: "arm64", variant: "v8" });
    },
  },
  {
    name: "version and features of the system count, whatever they are made of",
    run({ pierhead: { OciDocument, platformRuns, selectPlatform } }) {
      const windows = (version: string) => ({
        platform: { os: "windows", architecture: "amd64", "os.version": version },
      });
      const index = OciDocument.parse(indexOf([windows("10.0.17763.1"), windows("10.0.20348.1")]));
      equal(selectPlatform(index, "windows(10.0.17763.9)/amd64")?.digest, digestOf(0));
      equal(selectPlatform(index, "windows(10.0.26100.1)/amd64")?.digest, digestOf(1));
      const odd = { os: "linux", architecture: "amd64", "os.version": "é (+%)", "os.features": ["a+b", "c/d"] };
      ok(platformRuns(odd, odd, { variants: "exact" }), "it does not run what is for it");
      ok(!platformRuns({ ...odd, "os.features": ["a+b"] }, odd), "a feature is missing");
      ok(platformRuns(odd, { os: "linux", architecture: "amd64" }), "it does not run what asks for less");
      ok(platformRuns("linux/amd64/v3", "linux/amd64/v2"), "it does not run a lower variant");
      ok(!platformRuns("linux/amd64/v3", "linux/amd64/v2", { variants: "exact" }), "another variant is exact");
      ok(!platformRuns("linux/amd64", { os: "", architecture: "\u001b" }), "what is no platform runs");
    },
  },
  {
    name: "an index within the index is gone into, and there is no way back",
    async run({ pierhead: { OciDocument, resolvePlatform } }) {
      const outer = OciDocument.parse(indexOf([nested, linux("amd64"), nested]));
      const inner = OciDocument.parse(indexOf([linux("arm64"), nested], 10));
      const innermost = OciDocument.parse(indexOf([linux("s390x")], 20));
      const asked: string[] = [];
      const options = {
        resolve: async ({ digest }: { digest: string }) => {
          asked.push(digest);
          return digest === digestOf(0) ? inner : innermost;
        },
      };
      equal((await resolvePlatform(outer, "linux/amd64", options))?.digest, digestOf(1));
      equal(asked, []);
      equal((await resolvePlatform(outer, "linux/arm64", options))?.digest, digestOf(10));
      equal((await resolvePlatform(outer, "linux/s390x", options))?.digest, digestOf(20));
      equal(asked, [digestOf(0), digestOf(0), digestOf(11)]);
      equal(await resolvePlatform(outer, "linux/riscv64", options), undefined);
    },
  },
  {
    name: "indexes that hold themselves or lie too deep are refused, and so is what is no index",
    async run({ pierhead: { OciDocument, ManifestError, resolvePlatform } }) {
      const loop = OciDocument.parse(indexOf([nested]));
      const looping = await rejects(resolvePlatform(loop, "linux/amd64", { resolve: () => loop }));
      hasCode(looping, "INVALID_MANIFEST");
      let depth = 0;
      const deeper = () => OciDocument.parse(indexOf([nested], ++depth));
      const deep = await rejects(resolvePlatform(deeper(), "linux/amd64", { resolve: deeper }));
      hasCode(deep, "TOO_DEEP");
      ok(deep instanceof ManifestError, "it is not a ManifestError");
      equal(depth, 9);
      const manifest = OciDocument.parse("{}", { mediaType: MANIFEST });
      hasCode(await rejects(resolvePlatform(loop, "linux/amd64", { resolve: () => manifest })), "MEDIA_TYPE_MISMATCH");
      const reason = new Error("not to be had");
      const failing = resolvePlatform(loop, "linux/amd64", { resolve: () => Promise.reject(reason) });
      equal(await rejects(failing), reason);
    },
  },
  {
    name: "arguments that are no index, no platform and no choice are refused",
    run({ pierhead: { OciDocument, platformRuns, selectPlatform } }) {
      const index = OciDocument.parse(indexOf([linux("amd64")]));
      hasCode(
        throws(() => selectPlatform(index, "linux")),
        "INVALID_PLATFORM",
      );
      hasCode(
        throws(() => selectPlatform(index, { os: "a b", architecture: "c" })),
        "INVALID_PLATFORM",
      );
      hasCode(
        throws(() => selectPlatform(OciDocument.parse("{}"), "linux/amd64")),
        "INVALID_ARGUMENT",
      );
      // In JSON, null is as good as absent.
      for (const wrong of [1, {}, [], Symbol("s")] as never[]) {
        const version = () => platformRuns({ os: "a", architecture: "b", "os.version": wrong }, "a/b");
        hasCode(throws(version), "INVALID_ARGUMENT");
      }
      for (const wrong of [null, 1, {}, [], Symbol("s")] as never[]) {
        const calls: Record<string, () => unknown> = {
          index: () => selectPlatform(wrong, "linux/amd64"),
          platform: () => selectPlatform(index, wrong),
          variants: () => selectPlatform(index, "linux/amd64", { variants: wrong }),
          image: () => platformRuns("a/b", wrong),
        };
        for (const [name, call] of Object.entries(calls)) {
          hasCode(throws(call, name), "INVALID_ARGUMENT");
        }
      }
    },
  },
];

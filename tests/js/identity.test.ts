/** Image and chain IDs, against values that `sha256sum` gave. */
import { chainIds, imageId, validate } from "pierhead";
import { expect, test } from "vitest";

const diffIds = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`, `sha512:${"c".repeat(128)}`];
const configOf = (diff_ids: unknown) =>
  JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids } });

test("an image is named by the digest of its configuration", () => {
  expect(imageId(configOf(diffIds))).toBe("sha256:f1bb93412ece5b1201646465445656e2e9fc48360e976a24e55afaab18a254fa");
});

test("a chain ID covers a layer and all below it", () => {
  expect(chainIds(configOf(diffIds))).toEqual([
    diffIds[0],
    "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
    "sha256:a26fecbbfe341424e98248e6a7d8465cefbb885aa7c6f72ea53e5b31fe72270e",
  ]);
  expect(chainIds(configOf(diffIds.slice(0, 1)))).toEqual(diffIds.slice(0, 1));
  expect(chainIds(configOf([]))).toEqual([]);
});

test("what is no configuration has neither", () => {
  for (const document of [
    "{}",
    '{"schemaVersion":2,"layers":[]}',
    configOf("sha256:"),
    configOf([1]),
    configOf(["sha256:a"]),
  ]) {
    expect(() => chainIds(document), document).toThrow(expect.objectContaining({ code: "INVALID_MANIFEST" }));
  }
  expect(() => imageId("{}")).toThrow(expect.objectContaining({ code: "INVALID_MANIFEST" }));
  expect(() => imageId("{")).toThrow(expect.objectContaining({ code: "INVALID_JSON" }));
});

test("a document is held against its descriptor", () => {
  const config = configOf(diffIds);
  const descriptor = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: imageId(config),
    size: config.length,
  };
  const rules = (options: Parameters<typeof validate>[1]) => validate(config, options).issues.map(({ rule }) => rule);
  const platform = { os: "linux", architecture: "arm64" };
  expect(rules({ descriptor, layers: 3, platform: { os: "linux", architecture: "amd64" } })).toEqual([]);
  expect(rules({ descriptor: { ...descriptor, size: 1 } })).toEqual(["content.size"]);
  expect(rules({ descriptor: { ...descriptor, digest: diffIds[0] as string } })).toEqual(["content.digest"]);
  expect(rules({ descriptor, mediaType: "text/plain" })).toEqual(["content.media-type"]);
  expect(rules({ descriptor, layers: 2, platform })).toEqual(["content.platform", "config.layers.count"]);
});

test("of a document that is too large, its size is no finding", () => {
  const large = new Uint8Array(8 * 1024 * 1024 + 10).fill(0x20);
  const descriptor = { mediaType: "a/b", digest: diffIds[0] as string, size: large.byteLength };
  expect(validate(large, { descriptor }).issues.map(({ rule }) => rule)).toEqual(["json.size"]);
});

test("options that are none are errors, and the core lives on", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const whole = { mediaType: "a/b", digest: diffIds[0], size: 0 };
  const cases: [code: string, options: object][] = [
    ["INVALID_ARGUMENT", { descriptor: null }],
    ["INVALID_ARGUMENT", { descriptor: "x" }],
    ["INVALID_ARGUMENT", { descriptor: () => {} }],
    ["INVALID_ARGUMENT", { descriptor: cycle }],
    ["INVALID_ARGUMENT", { descriptor: { ...whole, size: 1n } }],
    ["INVALID_ARGUMENT", { platform: 1 }],
    ["INVALID_ARGUMENT", { layers: -1 }],
    ["INVALID_ARGUMENT", { layers: 1.5 }],
    ["INVALID_ARGUMENT", { layers: "1" }],
    ["INVALID_MANIFEST", { descriptor: {} }],
    ["INVALID_MANIFEST", { descriptor: { ...whole, digest: "x" } }],
    ["INVALID_MANIFEST", { descriptor: { ...whole, size: -1 } }],
    ["INVALID_MANIFEST", { descriptor: { ...whole, Digest: "x" } }],
    ["INVALID_MANIFEST", { platform: { os: "linux" } }],
  ];
  for (const [code, options] of cases) {
    expect(() => validate("{}", options), code).toThrow(expect.objectContaining({ code }));
  }
  expect(validate('{"imageLayoutVersion":"1.0.0"}').valid).toBe(true);
});

import purls from "../../fixtures/purl.json" with { type: "json" };
import { equal, hasCode, throws } from "../assert.ts";
import type { Case } from "../case.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const IMAGE = "application/vnd.oci.image.config.v1+json";

const descriptor = (mediaType: string) => ({ mediaType, digest: DIGEST, size: 2 });

/** A manifest of these media types, with other properties. */
function manifest(config: string, layers: readonly string[], others: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(config),
    layers: layers.map(descriptor),
    ...others,
  });
}

/** What an artifact is, what it says of itself, and how it is called elsewhere. */
export const cases: Case[] = [
  {
    name: "an artifact is recognised by its types, and what is unknown has its type all the same",
    run({ pierhead: { OciDocument, identifyArtifact } }) {
      const identify = (text: string) => identifyArtifact(OciDocument.parse(text));
      equal(identify(manifest(IMAGE, ["application/vnd.oci.image.layer.v1.tar+gzip"])), {
        kind: "image",
        name: "Container image",
        artifactType: IMAGE,
      });
      equal(identify(manifest("application/vnd.cncf.helm.config.v1+json", [])).kind, "helm-chart");
      equal(identify(manifest(IMAGE, ["application/vnd.dev.cosign.simplesigning.v1+json"])).kind, "cosign-signature");
      equal(identify('{"schemaVersion":2,"manifests":[]}'), { kind: "index", name: "Image index" });
      const unknown = manifest("application/vnd.oci.empty.v1+json", [], { artifactType: "application/vnd.example" });
      equal(identify(unknown), {
        kind: "unknown",
        name: "Artifact of an unknown type",
        artifactType: "application/vnd.example",
      });
    },
  },
  {
    name: "a signature says what it signs, and a descriptor what it describes",
    run({ pierhead: { OciDocument, identifyArtifact } }) {
      const signature = manifest("application/vnd.cncf.notary.signature", [], { subject: descriptor(MANIFEST) });
      const { kind, subject } = identifyArtifact(OciDocument.parse(signature));
      equal([kind, subject?.digest, subject?.mediaType], ["notation-signature", DIGEST, MANIFEST]);
      const attestation = {
        ...descriptor(MANIFEST),
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
      };
      const index = JSON.stringify({ schemaVersion: 2, manifests: [attestation, descriptor(MANIFEST)] });
      const kinds = OciDocument.parse(index)
        .descriptors()
        .manifests.map((entry) => identifyArtifact(entry).kind);
      equal(kinds, ["in-toto-attestation", "unknown"]);
      const broken = OciDocument.parse(manifest(IMAGE, [], { subject: {} }));
      hasCode(
        throws(() => identifyArtifact(broken)),
        "INVALID_MANIFEST",
      );
    },
  },
  {
    name: "predefined annotations have names of their own, and labels are theirs in a config",
    run({ pierhead: { ANNOTATIONS, OciDocument, knownAnnotations } }) {
      const annotations = { [ANNOTATIONS.title]: "title", [ANNOTATIONS.refName]: "1.0", "com.example": "other" };
      const known = { refName: "1.0", title: "title" };
      equal(knownAnnotations(OciDocument.parse(manifest(IMAGE, [], { annotations }))), known);
      const config = JSON.stringify({
        rootfs: {},
        config: { Labels: annotations },
        annotations: { [ANNOTATIONS.url]: "u" },
      });
      equal(knownAnnotations(OciDocument.parse(config)), known);
      const [entry] = OciDocument.parse(
        JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor(MANIFEST), annotations }] }),
      ).descriptors().manifests;
      equal(entry && knownAnnotations(entry), known);
      equal(knownAnnotations(OciDocument.parse(manifest(IMAGE, []))), {});
      equal(knownAnnotations(OciDocument.parse('{"rootfs":{},"config":{"Labels":null}}')), {});
      for (const wrong of [[], "a", { [ANNOTATIONS.url]: 1 }]) {
        const document = OciDocument.parse(manifest(IMAGE, [], { annotations: wrong }));
        hasCode(
          throws(() => knownAnnotations(document)),
          "INVALID_MANIFEST",
        );
      }
    },
  },
  {
    name: "a base image has its name parsed and its digest checked",
    run({ pierhead: { ANNOTATIONS, OciDocument, baseImage } }) {
      const base = (name: string, digest: string) => {
        const annotations = { [ANNOTATIONS.baseName]: name, [ANNOTATIONS.baseDigest]: digest };
        return baseImage(OciDocument.parse(manifest(IMAGE, [], { annotations })));
      };
      const name = { registry: "docker.io", repository: "library/alpine", tag: "3.20" };
      equal(base("alpine:3.20", DIGEST), { name, digest: DIGEST });
      equal(base("alpine:3.20", ""), { name });
      equal(base("", ""), undefined);
      hasCode(
        throws(() => base("https://a/b", DIGEST)),
        "INVALID_REFERENCE",
      );
      hasCode(
        throws(() => base("alpine", "sha256:short")),
        "INVALID_DIGEST",
      );
    },
  },
  {
    name: "package URLs are written, read and refused as in Rust",
    run({ pierhead: { fromPurl, parseReference, toPurl } }) {
      const { written, read, refused } = JSON.parse(JSON.stringify(purls).replaceAll("DIGEST", DIGEST)) as typeof purls;
      for (const { reference, oci, docker } of written) {
        equal([toPurl(reference), toPurl(reference, { type: "docker" })], [oci, docker]);
      }
      for (const { purl, parts, reference } of read) {
        equal(fromPurl(purl), { ...parts, ...(reference && { reference: parseReference(reference) }) }, purl);
      }
      for (const purl of refused) {
        hasCode(
          throws(() => fromPurl(purl), purl),
          "INVALID_PURL",
        );
      }
    },
  },
  {
    name: "package URLs are written from references, and lead back to them",
    run({ pierhead: { fromPurl, toPurl } }) {
      const pinned = `ghcr.io/owner/app:1.0@${DIGEST}`;
      const oci = `pkg:oci/app@${DIGEST}?arch=arm64&repository_url=ghcr.io%2Fowner%2Fapp&tag=1.0`;
      equal(toPurl(pinned, { arch: "arm64" }), oci);
      equal(fromPurl(oci), {
        type: "oci",
        name: "app",
        version: DIGEST,
        qualifiers: { arch: "arm64", repository_url: "ghcr.io/owner/app", tag: "1.0" },
        reference: { registry: "ghcr.io", repository: "owner/app", tag: "1.0", digest: DIGEST },
      });
      equal(toPurl("alpine", { type: "docker" }), "pkg:docker/alpine@latest");
      equal(fromPurl("pkg:docker/a%20b/c?x=1#d"), {
        type: "docker",
        namespace: "a b",
        name: "c",
        qualifiers: { x: "1" },
        subpath: "d",
      });
      for (const wrong of ["", "pkg:npm/a", "pkg:oci/a/b", "pkg:docker/%ff"]) {
        hasCode(
          throws(() => fromPurl(wrong)),
          "INVALID_PURL",
        );
      }
      hasCode(
        throws(() => toPurl("Not A Reference")),
        "INVALID_REFERENCE",
      );
    },
  },
  {
    name: "a package URL of many slashes is read in no time",
    run({ pierhead: { fromPurl } }) {
      const slashes = "/".repeat(200_000);
      const start = Date.now();
      equal(fromPurl(`pkg:docker/${slashes}a${slashes}b${slashes}`).namespace, "a");
      equal(fromPurl(`pkg:oci/a?repository_url=a${slashes}b${slashes}`).reference, undefined);
      // By the square of their number, it would take half a minute.
      equal(Date.now() - start < 5000, true);
    },
  },
  {
    name: "what a caller's own object throws is passed on, and is no failure of the core",
    run({ pierhead: { Hasher, identifyArtifact, knownAnnotations } }) {
      // It would be lost with the instance.
      const hasher = new Hasher("sha256");
      const own = new Error("own");
      const wrong = {
        get bytes(): never {
          throw own;
        },
      } as never;
      for (const read of [identifyArtifact, knownAnnotations]) equal(throws(() => read(wrong)) === own, true);
      const cyclic: { size: unknown } = { size: 1n };
      hasCode(
        throws(() => identifyArtifact(cyclic as never)),
        "INVALID_ARGUMENT",
      );
      cyclic.size = cyclic;
      for (const none of [cyclic, { bytes: 1 }, { bytes: new Uint8Array() }]) {
        hasCode(
          throws(() => knownAnnotations(none as never)),
          "INVALID_ARGUMENT",
        );
      }
      equal(hasher.update(new Uint8Array()).digest().startsWith("sha256:e3b0c442"), true);
    },
  },
  {
    name: "arguments of other types are INVALID_ARGUMENT",
    run({ pierhead: { baseImage, fromPurl, identifyArtifact, knownAnnotations, toPurl } }) {
      for (const wrong of [null, 1, Symbol("s")] as never[]) {
        const calls: Record<string, () => unknown> = {
          identifyArtifact: () => identifyArtifact(wrong),
          knownAnnotations: () => knownAnnotations(wrong),
          baseImage: () => baseImage(wrong),
          fromPurl: () => fromPurl(wrong),
          toPurl: () => toPurl(wrong),
          "toPurl, type": () => toPurl("a", { type: wrong }),
          "toPurl, arch": () => toPurl("a", { arch: wrong }),
        };
        for (const [name, call] of Object.entries(calls)) hasCode(throws(call, name), "INVALID_ARGUMENT");
      }
    },
  },
];

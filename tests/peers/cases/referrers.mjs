/**
 * Referrers, by the API where the registry has it and by the fallback tag where not ("Listing Referrers", "Referrers Tag
 * Schema"); others find what we attached, and we what they did.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryOf } from "../lib/client.mjs";
import { artifactManifest, ask, descriptorOf, digestOf, listOf, MANIFEST } from "../lib/content.mjs";
import { isThere, oras, regctl, tools } from "../lib/tools.mjs";

const SBOM = "application/vnd.example.sbom";
const SIGNATURE = "application/vnd.example.signature";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** @type {import("../run.mjs").Case[]} */
export const referrerCases = [
  {
    name: "what was attached is listed",
    run: async (context) => {
      const { referrers, subject, attached } = await withReferrers(context);
      const listed = await listOf(referrers.list(subject.digest));
      assert.deepEqual(digests(listed), digests(attached));
      assert.deepEqual(new Set(listed.map(({ mediaType }) => mediaType)), new Set([MANIFEST]));
    },
  },
  {
    name: "referrers are listed by their artifact type",
    where: ({ referrers, artifactType }) => !referrers || artifactType,
    run: async (context) => {
      const { referrers, subject, attached } = await withReferrers(context);
      const listed = await listOf(referrers.list(subject.digest, { artifactType: SIGNATURE }));
      assert.deepEqual(digests(listed), digests(attached.slice(2)));
      assert.equal(listed[0].artifactType, SIGNATURE);
    },
  },
  {
    name: "what nothing refers to has no referrers",
    run: async ({ registry, name }) => {
      const { referrers } = await repositoryOf(registry, name);
      assert.deepEqual(await listOf(referrers.list(digestOf(Buffer.from("nothing")))), []);
    },
  },
  {
    name: "a registry without the API gets the fallback tag, with artifact types and annotations",
    where: ({ referrers }) => !referrers,
    run: async (context) => {
      const { subject, attached } = await withReferrers(context);
      const index = await fallbackIndex(context, subject);
      assert.deepEqual(digests(index.manifests), digests(attached));
      assert.deepEqual(
        index.manifests
          .map(({ artifactType, annotations }) => `${artifactType} ${annotations["org.example.note"]}`)
          .sort(),
        [`${SBOM} 0`, `${SBOM} 1`, `${SIGNATURE} 2`],
      );
    },
  },
  {
    name: "several at once are all in the fallback tag",
    where: ({ referrers }) => !referrers,
    run: async (context) => {
      const { registry, name } = context;
      const { manifests } = await repositoryOf(registry, name);
      const subject = await putSubject(manifests);
      const all = Array.from({ length: 6 }, (_, note) => artifactManifest({ subject, note: String(note) }));
      await Promise.all(all.map((bytes) => manifests.put(bytes, { reference: digestOf(bytes) })));
      const index = await fallbackIndex(context, subject);
      assert.deepEqual(digests(index.manifests), all.map((bytes) => digestOf(bytes)).sort());
    },
  },
  {
    name: "a referrer that is deleted is no longer listed",
    run: async (context) => {
      const { manifests, referrers, subject, attached } = await withReferrers(context);
      await manifests.delete(attached[0].digest);
      assert.deepEqual(digests(await listOf(referrers.list(subject.digest))), digests(attached.slice(1)));
    },
  },
  ...(isThere(tools.oras.program)
    ? [
        {
          name: "oras discovers what we attached",
          run: async (context) => {
            const { subject, attached } = await withReferrers(context);
            const image = `${context.registry.host}/${context.name}@${subject.digest}`;
            const found = JSON.parse(await oras(["discover", "--format=json", image], { home: context.scratch }));
            assert.deepEqual(digests(found.referrers ?? found.manifests), digests(attached));
          },
        },
        {
          name: "we find what oras attached",
          run: async ({ registry, name, scratch }) => {
            const { manifests, blobs, referrers } = await repositoryOf(registry, name);
            const subject = await putSubject(manifests);
            writeFileSync(join(scratch, "sbom.json"), '{"bom": true}');
            const image = `${registry.host}/${name}@${subject.digest}`;
            const options = [`--artifact-type=${SBOM}`, "--disable-path-validation", "--format=json"];
            const file = `${join(scratch, "sbom.json")}:application/json`;
            const attached = JSON.parse(await oras(["attach", ...options, image, file], { home: scratch }));
            const [found, ...more] = await listOf(referrers.list(subject.digest));
            assert.deepEqual([found.digest, more], [attached.digest, []]);
            const { document } = await manifests.get(found.digest);
            const [layer] = JSON.parse(new TextDecoder().decode(document.bytes)).layers;
            const { body } = await blobs.get(layer.digest, { size: layer.size });
            assert.equal(await new Response(body).text(), '{"bom": true}');
          },
        },
      ]
    : []),
  ...(isThere(tools.regctl.program)
    ? [
        {
          name: "regctl lists what we attached",
          run: async (context) => {
            const { subject, attached } = await withReferrers(context);
            const image = `${context.registry.host}/${context.name}@${subject.digest}`;
            const format = ["--format", "{{range .Descriptors}}{{println .Digest}}{{end}}"];
            const listed = await regctl(image, ["artifact", "list", ...format, image], { home: context.scratch });
            assert.deepEqual(listed.trim().split("\n").sort(), digests(attached));
          },
        },
        {
          name: "we find what regctl attached",
          run: async ({ registry, name, scratch }) => {
            const { manifests, referrers } = await repositoryOf(registry, name);
            const subject = await putSubject(manifests);
            writeFileSync(join(scratch, "sbom.json"), "{}");
            const image = `${registry.host}/${name}@${subject.digest}`;
            const file = ["--file", join(scratch, "sbom.json"), "--artifact-type", SBOM];
            await regctl(image, ["artifact", "put", "--subject", image, ...file], { home: scratch });
            const found = await listOf(referrers.list(subject.digest));
            assert.equal(found.length, 1);
          },
        },
      ]
    : []),
];

/** A subject with three referrers, of two artifact types. */
async function withReferrers({ registry, name }) {
  const { manifests, referrers } = await repositoryOf(registry, name);
  const subject = await putSubject(manifests);
  const attached = [];
  for (const [note, artifactType] of [SBOM, SBOM, SIGNATURE].entries()) {
    const bytes = artifactManifest({ artifactType, subject, note: String(note) });
    await manifests.put(bytes, { reference: digestOf(bytes) });
    attached.push(descriptorOf(MANIFEST, bytes));
  }
  return { manifests, referrers, subject, attached };
}

async function putSubject(manifests) {
  const bytes = artifactManifest({ note: "subject" });
  await manifests.put(bytes, { reference: "subject" });
  return descriptorOf(MANIFEST, bytes);
}

async function fallbackIndex({ registry, name }, { digest }) {
  const response = await ask(registry, `${name}/manifests/${digest.replace(":", "-")}`, { accept: INDEX });
  assert.equal(response.status, 200);
  return await response.json();
}

function digests(descriptors) {
  return descriptors.map(({ digest }) => digest).sort();
}

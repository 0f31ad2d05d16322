/** What nobody thought of: archives and texts that are changed at random. */
import { array, assert, asyncProperty, constantFrom, jsonValue, nat, property, record, uniqueArray } from "fast-check";
import { OciError } from "pierhead";
import { readArchive } from "pierhead/layout";
import { expect, test } from "vitest";
import { memberAt, partsAt, withoutMember } from "../../../js/layout/json-parts.ts";
import { image, plain } from "./images.ts";
import { pax, tar } from "./tar.ts";

const { manifest, blobs } = image();
const good = tar([
  { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
  pax({ path: "blobs/", size: "0" }),
  { name: "x", type: "5" },
  ...[manifest, ...blobs].map(({ descriptor, bytes }) => ({
    name: `blobs/${descriptor.digest.replace(":", "/")}`,
    content: bytes,
  })),
  { name: "link", type: "2", link: "oci-layout" },
  { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [plain(manifest.descriptor)] }) },
]);

/** The archive, with some bytes changed, and the checksums right all the same. */
function changed(changes: readonly { at: number; byte: number }[]): Uint8Array<ArrayBuffer> {
  const bytes = good.slice();
  for (const { at, byte } of changes) {
    bytes[at] = byte;
    const header = bytes.subarray(at - (at % 512), at - (at % 512) + 512);
    if (new TextDecoder().decode(header.subarray(257, 262)) !== "ustar") continue;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, each) => total + each, 0);
    header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
  return bytes;
}

test("an archive that is changed at random is read, or refused with an error of the package", async () => {
  const change = record({ at: nat(good.length - 1), byte: nat(255) });
  const outcomes = { read: 0, refused: 0 };
  await assert(
    asyncProperty(array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      try {
        const layout = await readArchive(new Blob([changed(changes)]));
        await layout.resolve();
        await layout.open(manifest.descriptor);
        for await (const _ of layout.referrers(manifest.descriptor.digest));
        outcomes.read += 1;
      } catch (error) {
        outcomes.refused += 1;
        if (!(error instanceof OciError) || error.code === "INTERNAL") throw error;
      }
    }),
    { numRuns: 2000 },
  );
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
});

const spaces = constantFrom(undefined, 1, "\t", "   ");

test("the parts of any JSON are its elements and its members", () => {
  assert(
    property(array(jsonValue()), uniqueArray(jsonValue({ maxDepth: 0 }).map(String)), spaces, (list, keys, space) => {
      const text = JSON.stringify(list, null, space);
      expect(partsAt(text, 0).map(({ value, end }) => JSON.parse(text.slice(value, end)))).toEqual(
        JSON.parse(JSON.stringify(list)),
      );
      const object = Object.fromEntries(keys.map((key, index) => [key, list[index] ?? null]));
      const written = JSON.stringify(object, null, space);
      for (const [key, value] of Object.entries(object)) {
        const part = memberAt(written, 0, key);
        expect(JSON.parse(written.slice(part?.value, part?.end))).toEqual(JSON.parse(JSON.stringify(value)));
        const { [key]: _, ...rest } = object;
        expect(JSON.parse(withoutMember(written, 0, key))).toEqual(JSON.parse(JSON.stringify(rest)));
      }
    }),
  );
});

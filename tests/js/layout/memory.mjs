/**
 * Reads the archive that it is given, and copies the blob in it into a folder and into another archive; prints the most memory that
 * the process had, in KiB: `node memory.mjs ARCHIVE FOLDER DIGEST SIZE [spool]`.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { openLayout, readArchive, writeArchive } from "pierhead/layout";

const [archive = "", folder = "", digest = "", size = "", spool] = process.argv.slice(2);
const descriptor = { mediaType: "text/plain", digest, size: Number(size), annotations: {}, urls: [] };

const source = await readArchive(spool ? Readable.toWeb(createReadStream(archive)) : archive);
const places = [
  await openLayout(join(folder, "layout"), { create: true }),
  await writeArchive(join(folder, "again.tar")),
];
for (const place of places) {
  await place.put(descriptor, await source.open(descriptor));
  if (!(await place.has(descriptor))) throw new Error("not there");
  await place.close();
}
await source.close();
console.log(process.resourceUsage().maxRSS);

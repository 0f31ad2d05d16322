/** Uploads that several write to at once, or that go on after the process that took their beginning is gone. */
import { blobOf } from "./contents.mjs";
import { bytesOf } from "./random.mjs";

/** Bytes of a chunk, of which no two that meet have the same number: so it is known whose has been taken. */
const SIZES = [2, 1_000, 40_000, 150_000];

let made = 0;

/**
 * Several writers go on with one upload, each through whatever process it meets: of each chunk one comes in, and what was acknowledged is the blob.
 *
 * @param {import("./load.mjs").World} world
 * @param {string} repository
 */
export async function contendedUpload({ pusher, choices, made: blobs, tally }, repository) {
  const upload = await beginUpload(pusher, repository);
  if (upload === undefined) return;
  for (let steps = 1 + choices.below(3); steps > 0; steps -= 1) {
    const first = choices.below(SIZES.length);
    const chunks = Array.from({ length: 1 + choices.below(3) }, (_, at) =>
      freshBytes(SIZES[(first + at) % SIZES.length]),
    );
    const answers = await Promise.all(chunks.map((chunk) => append(pusher, upload, chunk)));
    const taken = chunks.filter((_, at) => answers[at].status === 202);
    if (taken.length > 1)
      tally.problems.push(
        `${upload.id}: ${taken.length} writers were told that theirs is the chunk at ${upload.offset}`,
      );
    const strange = answers.filter(({ status }) => ![0, 202, 416, 429].includes(status) && status < 500);
    if (strange.length > 0)
      tally.problems.push(`${upload.id}: PATCH: ${strange.map(({ status, body }) => `${status} ${body}`)}`);
    upload.pending = chunks;
    if (!(await settle(pusher, tally, upload, { taken: taken[0] }))) return;
  }
  if (choices.chance(0.25)) await abandonContended(pusher, tally, upload);
  else await closeContended(pusher, tally, upload, blobs);
}

/**
 * An upload, and what is known of it.
 *
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} repository
 * @property {string} location The last that was told.
 * @property {number} offset What has been acknowledged, in bytes.
 * @property {Buffer[]} parts The same.
 * @property {Buffer[]} pending Chunks of which one may have come in since.
 */

/** @returns {Promise<Upload | undefined>} */
export async function beginUpload(pusher, repository) {
  const { status, headers } = await pusher.ask("POST", `${repository}/blobs/uploads/`);
  if (status !== 202) return undefined;
  const { location } = headers;
  return { id: location, repository, location, offset: 0, parts: [], pending: [] };
}

/** Sends a chunk, and says where it belongs. */
export function append(pusher, { location, offset }, chunk, init = {}) {
  const headers = { "content-range": `${offset}-${offset + chunk.length - 1}` };
  return pusher.ask("PATCH", location, { ...init, headers, body: chunk });
}

/**
 * Asks where an upload is, when nobody writes to it: it has what was acknowledged, and of the pending chunks the one that was (`taken`), or
 * else one or none.
 *
 * @param {{taken?: Buffer, mayBeGone?: boolean}} [known] `mayBeGone` if it may have been given up for its age.
 * @returns {Promise<boolean>} Whether it can go on.
 */
export async function settle(pusher, tally, upload, { taken, mayBeGone = false } = {}) {
  const { status, headers, body } = await pusher.ask("GET", upload.location);
  if (status !== 204) {
    if (mayBeGone && status === 404) return false;
    if (status !== 0 && status !== 429 && status < 500) tally.problems.push(`${upload.id}: GET: ${status} ${body}`);
    return false;
  }
  const [, last] = /^0-(\d+)$/.exec(headers.range) ?? [];
  const offset = last === "0" ? 0 : Number(last) + 1;
  const come = taken ?? upload.pending.find((chunk) => upload.offset + chunk.length === offset);
  const expected = upload.offset + (come?.length ?? 0);
  if (offset !== expected) tally.problems.push(`${upload.id}: it is at ${headers.range}, not at ${expected}`);
  if (come !== undefined) upload.parts.push(come);
  Object.assign(upload, { offset: expected, location: headers.location, pending: [] });
  return offset === expected;
}

/** Bytes that nobody has pushed. */
export function freshBytes(size) {
  made += 1;
  return bytesOf(`chunk ${process.pid} ${made}`, size);
}

/** Two close it at once: one of them does, and the blob is what was acknowledged. */
async function closeContended(pusher, tally, { id, repository, location, parts }, blobs) {
  const blob = blobOf(Buffer.concat(parts));
  const close = () => pusher.closeUpload(repository, location, blob);
  const statuses = (await Promise.all([close(), close()])).map(({ status }) => status);
  if (!statuses.some((status) => status === 201 || status === 0 || status === 429 || status >= 500))
    tally.problems.push(`${id}: closed by nobody: ${statuses}`);
  if (!statuses.includes(201)) return;
  blobs.push({ repository, blob });
  await pusher.getBlob(repository, blob);
}

/** One gives it up while another goes on: it is over, and stays so. */
async function abandonContended(pusher, tally, upload) {
  const [gone, chunk] = await Promise.all([
    pusher.ask("DELETE", upload.location),
    append(pusher, upload, freshBytes(5_000)),
  ]);
  if (gone.status !== 204) return;
  const after = await pusher.ask("GET", upload.location);
  if (after.status !== 404 && after.status !== 0)
    tally.problems.push(`${upload.id}: given up, and then ${after.status}, after a chunk's ${chunk.status}`);
}

/** What clients do to a registry, chosen at random, and how it is looked at when they rest. */
import { contendedUpload } from "./uploads.mjs";

/** Few, so that they meet. */
export const REPOSITORIES = ["one", "other/of-two"];
export const TAGS = ["a", "b", "latest", "v1.0"];

/** How often each is done, beside the others. */
const WEIGHTS = {
  pushImage: 4,
  tagAgain: 6,
  tagOnCondition: 6,
  tagTwice: 2,
  putReferrer: 4,
  deleteTag: 3,
  deleteManifest: 4,
  getTag: 6,
  getManifest: 2,
  listTags: 2,
  listReferrers: 3,
  pushBlob: 4,
  deleteBlob: 2,
  getBlob: 2,
  upload: 2,
};

/**
 * What is done to, and by whom.
 *
 * @typedef {object} World
 * @property {import("./pusher.mjs").Pusher} pusher
 * @property {import("./random.mjs").Choices} choices
 * @property {import("./contents.mjs").Contents} contents
 * @property {import("./contents.mjs").Blob[]} made Blobs that were pushed under digests of their own, for those who look.
 * @property {import("./pusher.mjs").Tally} tally
 */

/** Pushes whatever others need, once. @param {World} world */
export async function prepare({ pusher, contents }) {
  for (const repository of REPOSITORIES) {
    for (const blob of blobsOf({ ...contents, loose: [] })) await pusher.postBlob(repository, blob);
    for (const manifest of contents.manifests.filter(({ stays }) => stays)) await pusher.put(repository, manifest);
  }
}

/** All blobs, each once. @param {import("./contents.mjs").Contents} contents */
export function blobsOf({ loose, manifests }) {
  const blobs = [...loose, ...manifests.flatMap((manifest) => manifest.blobs)];
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** Does one thing. @param {World} world */
export async function act(world) {
  const { pusher, choices, contents } = world;
  const repository = choices.of(REPOSITORIES);
  const [tag, manifest, blob] = [choices.of(TAGS), choices.of(contents.manifests), choices.of(contents.loose)];
  const referrers = contents.manifests.filter(({ subject }) => subject !== undefined);
  const acts = {
    pushImage: async () => {
      for (const each of manifest.blobs) await pushed(world, repository, each);
      await pusher.put(repository, manifest, { tags: [tag] });
    },
    tagAgain: () => pusher.put(repository, manifest, { tags: [tag] }),
    tagOnCondition: async () => {
      const found = await pusher.getTag(repository, tag);
      const from = contents.manifests.find(({ bytes }) => found?.equals(bytes))?.digest ?? null;
      await pusher.put(repository, manifest, { tags: [tag], condition: { from } });
    },
    tagTwice: () => pusher.put(repository, manifest, { tags: TAGS.filter((each) => each !== tag).slice(0, 2) }),
    putReferrer: () => pusher.put(repository, choices.of(referrers)),
    deleteTag: () => pusher.deleteTag(repository, tag),
    deleteManifest: async () => {
      const one = choices.of(contents.manifests.filter(({ stays }) => !stays));
      await pusher.deleteManifest(repository, one, TAGS);
    },
    getTag: () => pusher.getTag(repository, tag),
    getManifest: () => pusher.getManifest(repository, manifest),
    listTags: () => pusher.listTags(repository, TAGS, choices.of([1, 3, 1000])),
    listReferrers: () =>
      pusher.listReferrers(repository, choices.of(contents.subjects), referrers, choices.of([1, 100])),
    pushBlob: () => pushed(world, repository, blob),
    deleteBlob: () => pusher.deleteBlob(repository, blob),
    getBlob: () => pusher.getBlob(repository, blob),
    upload: () => contendedUpload(world, repository),
  };
  await acts[choices.weighted(WEIGHTS)]();
}

/** Pushes a blob in one of the ways of clients. */
async function pushed({ pusher, choices }, repository, blob) {
  const { bytes } = blob;
  if (choices.chance(0.3) && (await pusher.headBlob(repository, blob))) return;
  const way = choices.weighted({ post: 3, chunks: 3, mount: 2 });
  if (way === "post") {
    await pusher.postBlob(repository, blob);
    return;
  }
  if (way === "mount") {
    const from = REPOSITORIES.find((each) => each !== repository);
    await pusher.mountBlob(repository, from, blob);
    return;
  }
  const begun = await pusher.ask("POST", `${repository}/blobs/uploads/`);
  if (begun.status !== 202) return;
  let { location } = begun.headers;
  // Some say where each chunk goes, some send all of it in one without saying how long it is, some send it in the closing request.
  const style = choices.weighted({ ranges: 2, stream: 1, close: 1 });
  let sent = 0;
  while (style !== "close" && sent < bytes.length) {
    const end = style === "stream" ? bytes.length : Math.min(sent + 1 + choices.below(bytes.length), bytes.length);
    const headers = style === "ranges" ? { "content-range": `${sent}-${end - 1}` } : {};
    const init = { headers, body: bytes.subarray(sent, end), isChunked: style === "stream" };
    const answer = await pusher.ask("PATCH", location, init);
    // Nobody else writes there: what did not come to an end is left to its fate.
    if (answer.status !== 202) return;
    ({ location } = answer.headers);
    sent = end;
  }
  await pusher.closeUpload(repository, location, blob, bytes.subarray(sent));
}

/**
 * Looks at everything, through one process, when nobody changes anything.
 *
 * @param {World} world
 * @param {(repository: string, tag: string) => boolean} [mayDangle] Whether a tag may be listed that names nothing.
 */
export async function look({ pusher, contents, made, tally }, mayDangle = () => false) {
  const { manifests, subjects } = contents;
  const present = new Set();
  for (const repository of REPOSITORIES) {
    const listed = await pusher.listTags(repository, TAGS);
    for (const tag of TAGS) {
      const found = await pusher.getTag(repository, tag);
      if (listed.includes(tag) && found === undefined && !mayDangle(repository, tag))
        tally.problems.push(`${repository}:${tag} is listed, and names nothing`);
    }
    // By digest, with the name of a manifest that is there and names it.
    const needed = new Map();
    for (const manifest of manifests) {
      if (!(await pusher.getManifest(repository, manifest))) continue;
      present.add(`${repository} ${manifest.digest}`);
      for (const blob of manifest.blobs) needed.set(blob.digest, manifest.name);
      for (const child of manifest.children) {
        if (!(await pusher.getManifest(repository, child)))
          tally.problems.push(`${repository}: ${manifest.name} is there without ${child.name}`);
      }
    }
    for (const blob of blobsOf(contents)) {
      const by = needed.get(blob.digest);
      if (!(await pusher.getBlob(repository, blob)) && by !== undefined)
        tally.problems.push(`${repository}: ${by} is there without ${blob.digest}`);
    }
    for (const subject of subjects) {
      const referrers = manifests.filter((manifest) => manifest.subject !== undefined);
      for (const digest of await pusher.listReferrers(repository, subject, referrers)) {
        if (!present.has(`${repository} ${digest}`))
          tally.problems.push(`${repository}: the referrer ${digest} is listed, and is not there`);
      }
    }
  }
  const found = [];
  for (const one of made) if (await pusher.getBlob(one.repository, one.blob)) found.push(one);
  // Whether the others may be gone, the history knows.
  made.splice(0, made.length, ...found);
}

/** What a registry's store holds, looked at from outside: what nothing names, and what happens to a registry that loses something. */

/** All objects whose keys begin so. @param {import("pierhead/stores/fs").ObjectStore} store */
export async function objectsOf(store, prefix) {
  const all = [];
  for (let page = { objects: [], more: true }; page.more; ) {
    page = await store.list(prefix, { after: all.at(-1)?.key });
    all.push(...page.objects);
  }
  return all;
}

/** The fewest bytes of the record of a tag that names something. */
const MIN_TAG = 64;

/** Whether an object is a record of something that is there. */
export function isThere({ key, size }) {
  return size >= (key.includes(":tags/") ? MIN_TAG : 1);
}

async function textOf(store, key) {
  const found = await store.get(key);
  return found === undefined ? "" : await new Response(found.body).text();
}

/**
 * What is of no use to anybody, in a store that nobody has written to since a collection.
 *
 * @param {import("pierhead/stores/fs").ObjectStore} store
 * @returns {Promise<string[]>} What each is, and its key.
 */
export async function garbageOf(store) {
  // By digest, in each repository: what its manifests name. By upload: whose bytes are a blob's.
  const [named, linked, owners, found] = [new Set(), new Set(), new Set(), []];
  const parts = (key) => /^repositories\/(.+?):(\w+)\/(.+)$/.exec(key)?.slice(1) ?? [];
  const inRepositories = (await objectsOf(store, "repositories/")).filter(isThere);
  const instances = new Map();
  for (const { key } of inRepositories.filter(({ key }) => parts(key)[1] === "manifests")) {
    const [repository, , path] = parts(key);
    const record = await textOf(store, key);
    const end = record.indexOf("\n");
    instances.set(`${repository} ${path}`, JSON.parse(record.slice(0, end)).instance);
    const { config, layers = [] } = JSON.parse(record.slice(end));
    for (const blob of [config, ...layers].filter(Boolean)) named.add(`${repository} ${blob.digest.replace(":", "/")}`);
  }
  for (const { key } of inRepositories) {
    const [repository, kind, path] = parts(key);
    if (kind === "blobs") {
      linked.add(path);
      if (!named.has(`${repository} ${path}`)) found.push(`a blob that no manifest of its repository names: ${key}`);
    }
    const at = { tagged: 0, referrers: 2 }[kind];
    if (at === undefined) continue;
    const [algorithm, encoded, instance] = path.split("/").slice(at);
    if (instances.get(`${repository} ${algorithm}/${encoded}`) !== instance)
      found.push(`a hint of a manifest that is not there: ${key}`);
  }
  for (const { key } of (await objectsOf(store, "blobs/")).filter(isThere)) {
    const upload = /^upload (.+)$/m.exec(await textOf(store, key))?.[1];
    if (upload === undefined) throw new Error(`${key} is no record of a blob`);
    owners.add(upload);
    if (!linked.has(key.slice("blobs/".length))) found.push(`a blob that is in no repository: ${key}`);
  }
  for (const { key } of await objectsOf(store, "segments/")) {
    if (!owners.has(key.split("/")[1])) found.push(`bytes of no blob: ${key}`);
  }
  for (const { key } of await objectsOf(store, "uploads/")) found.push(`an upload that nobody goes on with: ${key}`);
  return found;
}

/** The kinds of objects of which none can be lost unnoticed, and how their keys begin. */
export const prefixesOf = (repository) => ({
  tag: `repositories/${repository}:tags/`,
  manifest: `repositories/${repository}:manifests/`,
  referrer: `repositories/${repository}:referrers/`,
  link: `repositories/${repository}:blobs/`,
  blob: "blobs/",
  bytes: "segments/",
});

/**
 * Takes one object away for as long as `act` runs.
 *
 * @param {import("pierhead/stores/fs").ObjectStore} store
 * @param {string} key
 * @param {() => Promise<void>} act
 */
export async function without(store, key, act) {
  const bytes = new Uint8Array(await new Response((await store.get(key)).body).arrayBuffer());
  await store.delete([key]);
  await act();
  await store.put(key, bytes, { ifAbsent: true });
}

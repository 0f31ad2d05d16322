/** A client that writes down what it did and was told: thing by thing, for the history. */
import { createHash } from "node:crypto";
import { ask } from "./ask.mjs";
import { INDEX } from "./contents.mjs";
import { effects } from "./register.mjs";

const { write, swap, clear, lose, drop, read, other } = effects;
/** What stands for a thing that is there, where there is nothing else to say of it. */
const THERE = "there";
const ACCEPT = { accept: "*/*" };

/** How things are called in the history. */
export const things = {
  tag: (repository, tag) => `${repository}:${tag}`,
  listed: (repository, tag) => `${repository}:${tag} in the list of tags`,
  manifest: (repository, digest) => `${repository}@${digest}`,
  referrer: (repository, digest) => `${repository}@${digest} in the list of referrers`,
  blob: (repository, digest) => `${repository} blob ${digest}`,
};

/** What is seen and went wrong beside the history. */
export class Tally {
  /** What cannot be. @type {string[]} */
  problems = [];
  /** Answers that never came. */
  unanswered = 0;
  /** Answers that others were faster, or the store busy (429). */
  busy = 0;
  /** Answers that something failed (5xx). @type {string[]} */
  failed = [];
}

export class Pusher {
  #urlOf;
  #history;
  #tally;

  /**
   * @param {object} to
   * @param {() => string} to.urlOf The registry to ask: one of the processes.
   * @param {import("./history.mjs").History} to.history
   * @param {Tally} to.tally
   */
  constructor({ urlOf, history, tally }) {
    this.#urlOf = urlOf;
    this.#history = history;
    this.#tally = tally;
  }

  /** One request, to a path below `/v2/`, or a `Location`. */
  async ask(method, path, init) {
    const answer = await ask(method, new URL(path, `${this.#urlOf()}/v2/`), init);
    if (answer.status === 0) this.#tally.unanswered += 1;
    if (answer.status === 429) this.#tally.busy += 1;
    if (answer.status >= 500) this.#tally.failed.push(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer;
  }

  /** Puts a manifest by its digest, with tags, or by a tag, under a condition or none. @returns {Promise<number>} The status. */
  async put(repository, manifest, { tags = [], byDigest = tags.length !== 1, condition } = {}) {
    const query = byDigest && tags.length > 0 ? `?${tags.map((tag) => `tag=${tag}`).join("&")}` : "";
    const path = `${repository}/manifests/${byDigest ? manifest.digest + query : tags[0]}`;
    const headers = { "content-type": manifest.mediaType, ...conditionFields(condition) };
    const answer = await this.ask("PUT", path, { headers, body: manifest.bytes });
    const { digest } = manifest;
    const isRefused = condition !== undefined && answer.status === 412;
    const what = `PUT ${manifest.name} ${path}${condition === undefined ? "" : ` if ${condition.from}`}: ${answer.status}`;
    if (answer.status === 404) {
      this.#lacking(repository, manifest, what, answer);
      return answer.status;
    }
    const own = [things.manifest(repository, digest)];
    if (manifest.subject !== undefined) own.push(things.referrer(repository, digest));
    for (const thing of own) {
      // What was refused for its tag's sake may have been stored under its digest, and again when it was deleted before that was clear.
      if (isRefused)
        this.#history.add(thing, { what, ...spanOf(answer), certain: false, repeats: true, apply: write(THERE) });
      else this.#did(thing, what, answer, { 201: write(THERE) }, write(THERE), { repeats: true });
    }
    for (const tag of tags) {
      const written = write(digest);
      const done =
        condition === undefined ? { 201: written } : { 201: swap(condition.from, digest), 412: other(condition.from) };
      // Of several tags all are set again when the manifest is deleted before the last of them is set.
      const more = { repeats: condition === undefined && tags.length > 1 };
      this.#did(things.tag(repository, tag), what, answer, done, done[201], more);
      // In the list a tag may be for a moment that names what was just deleted: conditions are on what it names.
      if (!isRefused) this.#did(things.listed(repository, tag), what, answer, { 201: written }, written, more);
    }
    return answer.status;
  }

  async deleteTag(repository, tag) {
    const answer = await this.ask("DELETE", `${repository}/manifests/${tag}`);
    const what = `DELETE ${tag}: ${answer.status}`;
    for (const thing of [things.tag(repository, tag), things.listed(repository, tag)])
      this.#did(thing, what, answer, { 202: clear(), 404: read(null) }, lose());
  }

  /** Deletes a manifest, and with it the tags that name it: some of `tags`. */
  async deleteManifest(repository, { name, digest, subject }, tags) {
    const answer = await this.ask("DELETE", `${repository}/manifests/${digest}`);
    const what = `DELETE ${name} ${digest}: ${answer.status}`;
    const gone = { 202: clear(), 404: read(null) };
    this.#did(things.manifest(repository, digest), what, answer, gone, lose());
    if (subject !== undefined) this.#did(things.referrer(repository, digest), what, answer, gone, lose());
    for (const tag of tags) {
      const dropped = drop(digest);
      this.#did(things.tag(repository, tag), what, answer, { 202: dropped, 404: other(digest) }, dropped);
      // A deletion that broke off may have left it in the list, until somebody finds the manifest gone.
      this.#did(things.listed(repository, tag), what, answer, { 202: dropped, 404: dropped }, dropped);
    }
    return answer.status;
  }

  /** @returns {Promise<Buffer | undefined>} The bytes of what a tag names, if it does. */
  async getTag(repository, tag) {
    const answer = await this.ask("GET", `${repository}/manifests/${tag}`, { headers: ACCEPT });
    const { status } = answer;
    const digest = status === 200 ? this.#verified(answer, answer.headers["docker-content-digest"]) : null;
    const what = `GET ${tag}: ${status} ${digest ?? ""}`;
    this.#did(things.tag(repository, tag), what, answer, { 200: read(digest), 404: read(null) });
    return status === 200 ? answer.body : undefined;
  }

  /** @returns {Promise<boolean>} Whether it is there. */
  async getManifest(repository, { name, digest, bytes }) {
    const answer = await this.ask("GET", `${repository}/manifests/${digest}`, { headers: ACCEPT });
    const what = `GET ${name} ${digest}: ${answer.status}`;
    this.#did(things.manifest(repository, digest), what, answer, { 200: read(THERE), 404: read(null) });
    if (answer.status === 200 && !answer.body.equals(bytes)) this.#tally.problems.push(`${what}, with other bytes`);
    return answer.status === 200;
  }

  /** @param {string[]} tags All that may be there. @returns {Promise<string[]>} Those that are listed. */
  async listTags(repository, tags, pageSize = 1000) {
    const { pages, listed } = await this.#pages(`${repository}/tags/list?n=${pageSize}`, (page) => page.tags);
    if (pages === undefined) return [];
    const [start, end] = [pages[0].start, pages.at(-1).end];
    for (const tag of tags) {
      const seen = listed.includes(tag);
      const apply = seen ? other(null) : read(null);
      this.#history.add(things.listed(repository, tag), {
        what: `list of tags with${seen ? "" : "out"} it`,
        start,
        end,
        certain: true,
        apply,
      });
    }
    const sorted = [...listed].sort();
    if (sorted.some((tag, at) => tag !== listed[at] || tag === sorted[at + 1]))
      this.#tally.problems.push(`${repository}: tags out of order or twice: ${listed}`);
    return listed;
  }

  /** @param {import("./contents.mjs").Manifest[]} referrers All that may be there. @returns {Promise<string[]>} The digests of those that are listed. */
  async listReferrers(repository, subject, referrers, pageSize = 100) {
    const path = `${repository}/referrers/${subject}?n=${pageSize}`;
    const { pages, listed } = await this.#pages(path, (page) => page.manifests);
    if (pages === undefined) return [];
    const [start, end] = [pages[0].start, pages.at(-1).end];
    const digests = listed.map(({ digest }) => digest);
    for (const { digest } of referrers.filter((referrer) => referrer.subject === subject)) {
      const seen = digests.includes(digest);
      const what = `list of referrers with${seen ? "" : "out"} it`;
      this.#history.add(things.referrer(repository, digest), {
        what,
        start,
        end,
        certain: true,
        apply: read(seen ? THERE : null),
      });
    }
    const known = new Set(referrers.map(({ digest }) => digest));
    const strange = digests.filter((digest, at) => !known.has(digest) || digests.indexOf(digest) !== at);
    if (strange.length > 0) this.#tally.problems.push(`${path} lists ${strange}`);
    return digests;
  }

  async deleteBlob(repository, { digest }) {
    const answer = await this.ask("DELETE", `${repository}/blobs/${digest}`);
    const what = `DELETE: ${answer.status}`;
    this.#did(things.blob(repository, digest), what, answer, { 202: clear(), 404: read(null) }, lose());
  }

  async headBlob(repository, { digest, bytes }) {
    const answer = await this.ask("HEAD", `${repository}/blobs/${digest}`);
    this.#did(things.blob(repository, digest), `HEAD: ${answer.status}`, answer, { 200: read(THERE), 404: read(null) });
    if (answer.status === 200 && answer.headers["content-length"] !== String(bytes.length))
      this.#tally.problems.push(`HEAD ${digest}: ${answer.headers["content-length"]} bytes`);
    return answer.status === 200;
  }

  /** @returns {Promise<boolean>} Whether it is there. */
  async getBlob(repository, { digest }) {
    const answer = await this.ask("GET", `${repository}/blobs/${digest}`);
    if (answer.status === 200) this.#verified(answer, digest);
    this.#did(things.blob(repository, digest), `GET: ${answer.status}`, answer, { 200: read(THERE), 404: read(null) });
    return answer.status === 200;
  }

  /** Pushes a blob in one request. */
  async postBlob(repository, { digest, bytes }) {
    const headers = { "content-type": "application/octet-stream" };
    const answer = await this.ask("POST", `${repository}/blobs/uploads/?digest=${digest}`, { headers, body: bytes });
    this.#placed(repository, digest, `POST: ${answer.status}`, answer);
  }

  /** Has a blob of one repository be in another; where it is not, an upload begins, which is given up. */
  async mountBlob(repository, from, { digest }) {
    const answer = await this.ask("POST", `${repository}/blobs/uploads/?mount=${digest}&from=${from}`);
    if (answer.status === 202) {
      await this.ask("DELETE", answer.headers.location);
      return;
    }
    this.#placed(repository, digest, `mount: ${answer.status}`, answer);
  }

  /** Closes an upload whose bytes are this blob's. @returns {Promise<import("./ask.mjs").Answer>} */
  async closeUpload(repository, location, { digest }, last = Buffer.alloc(0)) {
    const path = `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
    const answer = await this.ask("PUT", path, { headers: { "content-type": "application/octet-stream" }, body: last });
    // Another may have been the first to close it, or to go on.
    if (answer.status !== 404 && answer.status !== 416)
      this.#placed(repository, digest, `close: ${answer.status}`, answer);
    return answer;
  }

  /** That a manifest was refused for what it names: which is not there. */
  #lacking(repository, { blobs, children }, what, answer) {
    const digest = /sha256:[0-9a-f]{64}/.exec(answer.body.toString())?.[0];
    const [ofBlob, ofChild] = [blobs, children].map((all) => all.some((one) => one.digest === digest));
    if (ofBlob) this.#did(things.blob(repository, digest), what, answer, { 404: read(null) });
    else if (ofChild) this.#did(things.manifest(repository, digest), what, answer, { 404: read(null) });
    else this.#tally.problems.push(`${what} ${answer.body}`);
  }

  /** That a blob has been put where it was not. */
  #placed(repository, digest, what, answer) {
    const thing = things.blob(repository, digest);
    if (answer.status === 201) this.#history.tell(thing);
    this.#did(thing, what, answer, { 201: write(THERE) }, write(THERE));
  }

  /** That blobs may be collected from now on, of which nobody was told for so many milliseconds. */
  mayCollect(repository, blobs, age) {
    for (const { digest } of blobs) {
      const thing = things.blob(repository, digest);
      if (this.#history.sinceTold(thing) < age) continue;
      const span = { start: performance.now(), end: Number.POSITIVE_INFINITY };
      this.#history.add(thing, { what: "collection", ...span, certain: false, apply: lose() });
    }
  }

  /**
   * Writes down what an operation did, by the status of its answer.
   *
   * @param {Record<number, (value: import("./register.mjs").Value) => import("./register.mjs").Value | undefined>} done
   * @param {(value: import("./register.mjs").Value) => import("./register.mjs").Value | undefined} [otherwise] What it may have done, where
   *   that was not answered; nothing if left out.
   * @param {Partial<import("./history.mjs").Entry>} [more]
   */
  #did(thing, what, { status, body, start, end }, done, otherwise, more = {}) {
    const apply = done[status];
    if (apply !== undefined) this.#history.add(thing, { what, start, end, certain: true, apply, ...more });
    else if (status !== 0 && status !== 429 && status < 500) this.#tally.problems.push(`${thing}: ${what} ${body}`);
    else if (otherwise !== undefined)
      this.#history.add(thing, { what, start, end, certain: false, apply: otherwise, ...more });
  }

  /** @returns {string} The digest, of whose bytes it is told if they are others. */
  #verified({ body, headers }, digest) {
    const own = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    const said = headers["docker-content-digest"];
    if (own !== digest || said !== digest)
      this.#tally.problems.push(`${digest}: the bytes are ${own}, and said to be ${said}`);
    return own;
  }

  /** All pages of a list; none if one did not come. */
  async #pages(path, entriesOf) {
    const pages = [];
    const listed = [];
    for (let next = path; next !== undefined; ) {
      const answer = await this.ask("GET", next, { headers: { accept: INDEX } });
      if (answer.status !== 200) {
        if (answer.status !== 0 && answer.status !== 404 && answer.status !== 429 && answer.status < 500)
          this.#tally.problems.push(`GET ${next}: ${answer.status} ${answer.body}`);
        return {};
      }
      pages.push(answer);
      listed.push(...entriesOf(JSON.parse(answer.body.toString())));
      next = /^<(.+)>; rel="next"$/.exec(answer.headers.link ?? "")?.[1];
    }
    return { pages, listed };
  }
}

function spanOf({ start, end }) {
  return { start, end };
}

function conditionFields(condition) {
  if (condition === undefined) return {};
  return condition.from === null ? { "if-none-match": "*" } : { "if-match": `"${condition.from}"` };
}

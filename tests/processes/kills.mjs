/**
 * `pierhead serve` twice over one folder, and `pierhead collect` beside it, killed again and again at any moment of whatever clients have them do.
 */
import { setTimeout as wait } from "node:timers/promises";
import { fs } from "pierhead/stores/fs";
import { contentsOf } from "./lib/contents.mjs";
import { History } from "./lib/history.mjs";
import { act, blobsOf, look, prepare, REPOSITORIES, TAGS } from "./lib/load.mjs";
import { startCollect, startCommand } from "./lib/processes.mjs";
import { Pusher, Tally, things } from "./lib/pusher.mjs";
import { Choices } from "./lib/random.mjs";
import { garbageOf, isThere, objectsOf, prefixesOf, without } from "./lib/stored.mjs";
import { Uploader } from "./lib/uploader.mjs";

/** Clients at once, and those beside them whose uploads go on after a process was killed. */
const CLIENTS = 4;
const UPLOADERS = 2;
/** Milliseconds that the processes live, at least and at most. */
const LIFE = [100, 1_500];
/** Milliseconds that a collection takes at least, once it has begun. */
const COLLECTING = 300;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/**
 * How much later it is when they are started again, in milliseconds: more than whoever was killed is waited for, in an upload and in a collection; than
 * leases are renewed after; than content is kept that nothing needs.
 */
const LATER = [3 * MINUTE, 15 * MINUTE, 13 * HOUR, 50 * HOUR];
/** Milliseconds for which a blob is kept at least once somebody was told that it is there: half of what `grace` is unless it is set. */
const LEASE = 12 * HOUR;

/** What was seen while processes were killed. */
export class Kills {
  #folder;
  #processes = [];
  #history = new History();
  #tally = new Tally();
  #contents = contentsOf("kills");
  /** @type {import("./lib/load.mjs").World["made"]} */
  #made = [];
  #seed;
  #moments;
  #looking;
  #collections = { whole: 0, killed: 0 };
  #done = 0;

  /** @param {string} folder @param {string} seed */
  constructor(folder, seed) {
    this.#folder = folder;
    this.#seed = seed;
    this.#moments = new Choices(`${seed} moments`);
    this.#looking = this.#world("look");
  }

  /** What cannot be. @returns {string[]} */
  get problems() {
    return [...this.#tally.problems, ...this.#tally.failed];
  }

  get summary() {
    const { whole, killed } = this.#collections;
    return `${this.#done} kills, ${this.#history.count} operations, ${this.#tally.unanswered} requests cut, ${whole} collections and ${killed} that were killed`;
  }

  /** Has processes work, and kills them, so often. Ends early at what cannot be. */
  async run(kills) {
    const clients = Array.from({ length: CLIENTS }, (_, at) => this.#world(`client ${at}`));
    const uploaders = Array.from(
      { length: UPLOADERS },
      (_, at) => new Uploader(this.#world(`uploader ${at}`), REPOSITORIES[at], () => this.#history.clock),
    );
    while (this.#done < kills && this.problems.length === 0) {
      await this.#start();
      if (this.#done === 0) await prepare(this.#looking);
      for (const uploader of uploaders) await uploader.resume();
      await this.#lookAgain((repository, tag) => this.#history.isUncertain(things.tag(repository, tag)));
      await this.#lifetime(clients, uploaders);
      this.#history.clock += this.#moments.of(LATER);
    }
  }

  /**
   * Collects until nothing more may go: all that was acknowledged is there, and nothing else.
   *
   * @returns {Promise<string[]>} What is left of what nothing names.
   */
  async collect() {
    // Nothing is half done that somebody would do again.
    await this.#start();
    await this.#lookAgain((repository, tag) => this.#history.isUncertain(things.tag(repository, tag)));
    await this.close();
    // An hour after a blob is condemned its bytes may go.
    for (const later of [72 * HOUR, 2 * HOUR, 2 * HOUR]) {
      this.#history.clock += later;
      this.#mayCollect();
      const { status, said } = await startCollect(this.#folder, { ahead: this.#history.clock }).ended;
      if (status !== 0) this.#tally.problems.push(`the collection ended with ${status}: ${said}`);
    }
    await this.#start();
    await this.#lookAgain();
    await this.close();
    return await garbageOf(fs(this.#folder));
  }

  /** Takes one object of each kind away. @returns {Promise<string[]>} Those whose loss nobody sees: so that these tests can fail. */
  async lose() {
    const unseen = [];
    const store = fs(this.#folder);
    await this.#start();
    // Something of each kind is there.
    await prepare(this.#looking);
    const referrer = this.#contents.manifests.find(({ subject }) => subject !== undefined);
    await this.#looking.pusher.put(REPOSITORIES[0], referrer, { tags: [TAGS[0]] });
    await this.#lookAgain();
    for (const [kind, prefix] of Object.entries(prefixesOf(REPOSITORIES[0]))) {
      const there = (await objectsOf(store, prefix)).filter(isThere);
      const { key } = this.#moments.of(there);
      await without(store, key, async () => {
        await this.#lookAgain();
        if (this.problems.length === 0) unseen.push(`${kind}: ${key}`);
        this.#tally.problems.length = 0;
        this.#tally.failed.length = 0;
      });
      // As it was.
      await this.#lookAgain();
    }
    return unseen;
  }

  async close() {
    await Promise.all(this.#processes.map((one) => one.close()));
    this.#processes = [];
  }

  #world(name) {
    const choices = new Choices(`${this.#seed} ${name}`);
    const urlOf = () => choices.of(this.#processes).url;
    const pusher = new Pusher({ urlOf, history: this.#history, tally: this.#tally });
    return { pusher, choices, contents: this.#contents, made: this.#made, tally: this.#tally };
  }

  async #start() {
    const ahead = this.#history.clock;
    this.#processes = await Promise.all([0, 1].map(() => startCommand(this.#folder, { ahead })));
  }

  /** Looks at everything, and judges all that came before. */
  async #lookAgain(mayDangle) {
    await this.#finishDeletions();
    const before = this.#tally.unanswered;
    await look(this.#looking, mayDangle);
    // Nothing is killed meanwhile.
    const cut = this.#tally.unanswered - before;
    if (cut > 0) this.#tally.problems.push(`${cut} answers broke off`);
    this.#tally.problems.push(...this.#history.judge());
  }

  /** Deletes again what may have been deleted half: whoever asked for that would, as nobody answered. */
  async #finishDeletions() {
    const { pusher, contents } = this.#looking;
    for (const repository of REPOSITORIES) {
      for (const manifest of contents.manifests.filter(({ stays }) => !stays)) {
        if (this.#history.isUncertain(things.manifest(repository, manifest.digest)))
          await pusher.deleteManifest(repository, manifest, TAGS);
      }
    }
  }

  /** Has clients work until the processes are killed. */
  async #lifetime(clients, uploaders) {
    let isUp = true;
    const working = [
      ...clients.map(async (client) => {
        while (isUp) await act(client);
      }),
      ...uploaders.map(async (uploader) => {
        while (isUp && uploader.canGoOn) await uploader.go();
      }),
    ];
    const collection = this.#moments.chance(0.7) ? this.#collect() : undefined;
    // One, and then the other, while clients find out that the first is gone.
    const [first, second] = this.#moments.chance(0.5) ? this.#processes : this.#processes.toReversed();
    await wait(LIFE[0] + this.#moments.below(LIFE[1] - LIFE[0]));
    await first.kill();
    await wait(this.#moments.below(LIFE[0]));
    isUp = false;
    await second.kill();
    await Promise.all([...working, collection]);
    this.#done += 2;
  }

  /** That whatever nobody was told of for long may be gone from now on, if nothing names it. */
  #mayCollect() {
    const { pusher, contents } = this.#looking;
    for (const repository of REPOSITORIES) {
      const made = this.#made.filter((one) => one.repository === repository).map(({ blob }) => blob);
      pusher.mayCollect(repository, [...blobsOf(contents), ...made], LEASE);
    }
  }

  /** Kills a collection so many milliseconds after it has taken what it goes on from. */
  async #killAmidst({ ended, kill }, delay) {
    const store = fs(this.#folder);
    const last = async () => (await objectsOf(store, "gc/state/")).at(-1)?.key;
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    for (const before = await last(); !isOver && (await last()) === before; ) await wait(5);
    await wait(delay);
    kill();
  }

  /** Collects beside whatever is going on; and is killed, or not. */
  async #collect() {
    this.#mayCollect();
    const collecting = startCollect(this.#folder, { ahead: this.#history.clock });
    if (this.#moments.chance(0.7)) void this.#killAmidst(collecting, this.#moments.below(COLLECTING));
    const { status, said } = await collecting.ended;
    // Another may have been killed at it just now.
    if (status !== 0 && status !== null && !/"busy":true|another collection is at it/.test(said))
      this.#tally.problems.push(`the collection ended with ${status}: ${said}`);
    if (status === null) {
      this.#done += 1;
      this.#collections.killed += 1;
    } else if (status === 0) {
      this.#collections.whole += 1;
    }
  }
}

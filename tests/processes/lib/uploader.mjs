/** A client whose uploads go on where they were when the process that took their chunks was killed. */
import { blobOf } from "./contents.mjs";
import { append, beginUpload, freshBytes, settle } from "./uploads.mjs";

/** Chunks of an upload. */
const CHUNKS = 6;
/** Bytes of the longest. */
const LARGEST = 300_000;
/** Milliseconds after which an upload may be given up: a day, which is what `uploadExpiry` is unless it is set. */
const EXPIRY = 24 * 60 * 60_000;
/** Milliseconds in the middle of a chunk: long enough for a process to be killed in it. */
const PAUSES = [undefined, undefined, 30, 120];

export class Uploader {
  #world;
  #repository;
  /** @type {import("./uploads.mjs").Upload | undefined} */
  #upload;
  /** When it was written to last, by the processes' clock. */
  #written = 0;
  #clock;
  /** How many have come to their end. */
  ended = 0;
  /** Whether it knows where its upload is, and that nobody else is waited for. */
  canGoOn = true;

  /** @param {import("./load.mjs").World} world @param {string} repository @param {() => number} clock The processes', in milliseconds. */
  constructor(world, repository, clock) {
    this.#world = world;
    this.#repository = repository;
    this.#clock = clock;
  }

  /** Whether nobody has written to its upload for so long that it may be given up. */
  get #isOld() {
    return this.#clock() - this.#written >= EXPIRY;
  }

  /** Asks where its upload is; to be called when those who wrote to it before are gone. */
  async resume() {
    this.canGoOn = true;
    if (this.#upload === undefined) return;
    const { pusher, tally } = this.#world;
    if (!(await settle(pusher, tally, this.#upload, { mayBeGone: this.#isOld }))) this.#upload = undefined;
  }

  /** Does one thing: begins, goes on, or ends. */
  async go() {
    const { pusher, choices, tally } = this.#world;
    if (this.#upload === undefined) {
      this.#upload = await beginUpload(pusher, this.#repository);
      this.#written = this.#clock();
    }
    const upload = this.#upload;
    if (upload === undefined) return;
    if (upload.parts.length >= CHUNKS) {
      await this.#close(upload);
      return;
    }
    const chunk = freshBytes(2 + choices.below(LARGEST));
    const answer = await append(pusher, upload, chunk, { pause: choices.of(PAUSES) });
    if (answer.status === 202) {
      upload.parts.push(chunk);
      upload.offset += chunk.length;
      upload.location = answer.headers.location;
      this.#written = this.#clock();
    } else if (answer.status === 404 && this.#isOld) {
      this.#upload = undefined;
    } else {
      if (answer.status !== 0)
        tally.problems.push(`${upload.id}: a chunk at ${upload.offset}: ${answer.status} ${answer.body}`);
      upload.pending = [chunk];
      // Whoever took it may be at it: that is known when they are gone.
      this.canGoOn = false;
    }
  }

  async #close({ parts, location }) {
    const { pusher, made, tally } = this.#world;
    const blob = blobOf(Buffer.concat(parts));
    const { status, body } = await pusher.closeUpload(this.#repository, location, blob);
    if (status === 201) {
      made.push({ repository: this.#repository, blob });
      this.ended += 1;
    } else if (status !== 0 && !(status === 404 && this.#isOld)) {
      tally.problems.push(`${location}: closing it: ${status} ${body}`);
    }
    // Whoever was cut off there begins anew.
    this.#upload = undefined;
  }
}

/** Choices and bytes that follow from a seed, so that what a run did can be done again. */
import { createCipheriv, createHash } from "node:crypto";

/** A sequence of choices: the generator "mulberry32", whose state is 32 bits. */
export class Choices {
  #state;

  /** @param {string} seed */
  constructor(seed) {
    this.#state = createHash("sha256").update(seed).digest().readUInt32LE();
  }

  /** A number from 0 to 1, which is not in it. */
  number() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count) {
    return Math.floor(this.number() * count);
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  of(list) {
    return list[this.below(list.length)];
  }

  /** @param {number} share From 0 to 1. */
  chance(share) {
    return this.number() < share;
  }

  /** One of the names, each as often as its weight says. @template {string} T @param {Record<T, number>} weights @returns {T} */
  weighted(weights) {
    const entries = Object.entries(weights);
    let left = this.number() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries.at(-1)[0];
  }
}

/** Bytes that follow from a name. */
export function bytesOf(name, size) {
  const key = createHash("sha256").update(name).digest();
  return createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
}

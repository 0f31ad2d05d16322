/**
 * What a store of objects has to do, as cases that any test runner can run: `for (const { name, run } of storeContract(open)) test(name, run)`.
 *
 * @module pierhead/stores/contract
 */
import { bodies } from "./contract/bodies.js";
import { conditions } from "./contract/conditions.js";
import { lists } from "./contract/lists.js";
import { objects } from "./contract/objects.js";
import { type Case, Trial } from "./contract/trial.js";
import type { ObjectStore } from "./object-store.js";

export type { ObjectStore } from "./object-store.js";

/** One thing that a store has to do. */
export interface ContractCase {
  /** A sentence. */
  readonly name: string;
  /** Rejects with what the store did wrong. */
  readonly run: () => Promise<void>;
}

/**
 * The cases that a store has to pass. None takes more than some seconds; the largest object has 17 MiB.
 *
 * @param open - Gives the store. It is called twice for each case, and the two must be of one and the same store: two instances where it
 *   can have several, else twice the same. What else is in it does not matter. Each case keeps to a prefix of its own, and
 *   deletes what it has put. It writes the same key more than once a second.
 */
export function storeContract(open: () => Promise<ObjectStore>): readonly ContractCase[] {
  const cases: readonly Case[] = [...objects, ...conditions, ...bodies, ...lists];
  return cases.map(({ name, run }) => ({
    name,
    async run() {
      const trial = new Trial(await open(), await open());
      try {
        await run(trial);
      } finally {
        await trial.clear();
      }
    },
  }));
}

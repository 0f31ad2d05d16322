/** Of several writers that meet the same state, one wins. */
import type { ObjectInfo } from "../object-store.js";
import { equal, hasCode, ok, rejects } from "./assert.js";
import { bytesOf, type Case, noise, streamOfPieces, type Trial } from "./trial.js";

const WRITERS = 20;

/** Twenty writers at once, of both instances; returns what the winner has put. */
async function race(trial: Trial, name: string, condition: { ifAbsent: true } | { ifVersion: string }) {
  const texts = Array.from({ length: WRITERS }, (_, index) => `writer ${index} ${crypto.randomUUID()}`);
  const results = await Promise.all(
    texts.map((text, index) => {
      const store = index % 2 === 0 ? trial.store : trial.other;
      return store.put(trial.key(name), bytesOf(text), condition);
    }),
  );
  const winners = results.flatMap((info, index) => (info === undefined ? [] : [{ info, text: texts[index] ?? "" }]));
  equal(winners.length, 1, "the number of winners");
  const [winner] = winners as [{ info: ObjectInfo; text: string }];
  for (const store of [trial.store, trial.other]) {
    equal(await trial.text(name, {}, store), winner.text, "what is there");
    equal((await store.head(trial.key(name)))?.version, winner.info.version, "version");
  }
  return winner;
}

export const conditions: Case[] = [
  {
    name: "ifAbsent puts where nothing is, and nowhere else",
    async run(trial) {
      await trial.put("a", "first", { ifAbsent: true });
      const { stream, ended } = streamOfPieces(Array.from({ length: 10 }, () => noise(100)));
      equal(await trial.store.put(trial.key("a"), stream, { ifAbsent: true, size: 1000 }), undefined, "second");
      await new Promise((resolve) => setTimeout(resolve, 20));
      ok(ended(), "the stream was neither cancelled nor read");
      equal(await trial.other.put(trial.key("a"), bytesOf("first"), { ifAbsent: true }), undefined, "third");
      equal(await trial.text("a"), "first");
      await trial.store.delete([trial.key("a")]);
      await trial.put("a", "fourth", { ifAbsent: true });
      equal(await trial.text("a"), "fourth");
    },
  },
  {
    name: "ifVersion puts where the object is of that version, and nowhere else",
    async run(trial) {
      const first = await trial.put("a", "first");
      const second = await trial.put("a", "second", { ifVersion: first.version });
      equal(await trial.store.put(trial.key("a"), bytesOf("third"), { ifVersion: first.version }), undefined, "third");
      equal(await trial.other.put(trial.key("a"), bytesOf("third"), { ifVersion: "none" }), undefined, "of no version");
      equal(await trial.text("a"), "second");
      await trial.store.delete([trial.key("a")]);
      equal(
        await trial.store.put(trial.key("a"), bytesOf("4"), { ifVersion: second.version }),
        undefined,
        "of what is gone",
      );
      equal(await trial.store.head(trial.key("a")), undefined);
      equal(
        await trial.store.put(trial.key("never"), bytesOf("5"), { ifVersion: second.version }),
        undefined,
        "of what never was",
      );
      equal((await trial.names()).length, 0, "names");
    },
  },
  {
    name: "a version that head, get and put give is the same, and holds for streams too",
    async run(trial) {
      const { version } = await trial.put("a", "first");
      const { stream } = streamOfPieces([noise(100), noise(50)]);
      const info = await trial.other.put(trial.key("a"), stream, { ifVersion: version, size: 150 });
      ok(info !== undefined, "it was refused");
      equal(info.size, 150, "size");
      const found = await trial.store.get(trial.key("a"));
      equal(found?.info.version, info.version, "version");
      await found?.body.cancel();
    },
  },
  {
    name: "of 20 that create an object at once, exactly one does",
    async run(trial) {
      for (let round = 0; round < 4; round += 1) await race(trial, `a${round}`, { ifAbsent: true });
    },
  },
  {
    name: "of 20 that replace a version at once, exactly one does",
    async run(trial) {
      let { version } = await trial.put("a", "first");
      for (let round = 0; round < 4; round += 1)
        version = (await race(trial, "a", { ifVersion: version })).info.version;
    },
  },
  {
    name: "of 20 that create what was deleted, exactly one does",
    async run(trial) {
      for (let round = 0; round < 4; round += 1) {
        await race(trial, "a", { ifAbsent: true });
        await trial.store.delete([trial.key("a")]);
      }
    },
  },
  {
    name: "a counter that many raise by compare-and-swap loses nothing",
    async run(trial) {
      await trial.put("n", "0");
      const raise = async (store: typeof trial.store) => {
        for (;;) {
          const found = await store.get(trial.key("n"));
          ok(found !== undefined, "it is gone");
          const value = Number(await new Response(found.body).text());
          // No two contents are equal, as a store may give equal contents equal versions.
          const next = bytesOf(String(value + 1));
          if (await store.put(trial.key("n"), next, { ifVersion: found.info.version })) return;
        }
      };
      await Promise.all(Array.from({ length: 12 }, (_, index) => raise(index % 2 === 0 ? trial.store : trial.other)));
      equal(await trial.text("n"), "12");
    },
  },
  {
    name: "who puts, deletes and creates at once leaves one whole object or none",
    async run(trial) {
      const contents = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(5000));
      for (let round = 0; round < 4; round += 1) {
        const acts = contents.flatMap((content, index) => {
          const store = index % 2 === 0 ? trial.store : trial.other;
          const put = () => store.put(trial.key("a"), bytesOf(content), index < 4 ? { ifAbsent: true } : {});
          return [put, () => store.delete([trial.key("a")])];
        });
        const readers = Array.from({ length: 8 }, () => async () => {
          const found = await trial.text("a");
          ok(found === undefined || contents.includes(found), "a reader found half an object");
        });
        await Promise.all([...acts, ...readers].map((act) => act()));
        const left = await trial.text("a");
        ok(left === undefined || contents.includes(left), "half an object is left");
        equal((await trial.names()).length, left === undefined ? 0 : 1, "names");
      }
    },
  },
  {
    name: "conditions that contradict one another are refused, and those of a stream of no known size",
    async run(trial) {
      const key = trial.key("a");
      hasCode(await rejects(trial.store.put(key, noise(1), { ifAbsent: true, ifVersion: "1" })), "INVALID_ARGUMENT");
      for (const condition of [{ ifAbsent: true }, { ifVersion: "1" }]) {
        const { stream } = streamOfPieces([noise(1)]);
        hasCode(await rejects(trial.store.put(key, stream, condition)), "INVALID_ARGUMENT");
      }
      equal(await trial.store.head(key), undefined);
    },
  },
];

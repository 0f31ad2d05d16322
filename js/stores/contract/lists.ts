/** Lists are in the order of bytes, in pages, and of what is there. */
import { equal, hasCode, ok, rejects } from "./assert.js";
import { bytesOf, type Case, type Trial } from "./trial.js";

/** In the order of their bytes in UTF-8. */
const ORDERED = [
  "!",
  "-",
  "0",
  "A",
  "B",
  "Z",
  "_",
  "a!",
  "a-b",
  "a.b",
  "a/b",
  "a/c/d",
  "a0",
  "aa",
  "b",
  "é",
  "\u{e000}",
  "\u{ffee}",
  "😀",
];

async function fill(trial: Trial, names: readonly string[]): Promise<void> {
  for (let at = 0; at < names.length; at += 50) {
    await Promise.all(names.slice(at, at + 50).map((name) => trial.put(name, name)));
  }
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${String(index).padStart(5, "0")}`);
}

export const lists: Case[] = [
  {
    name: "keys are in the order of their bytes, whatever the order in which they were put",
    async run(trial) {
      await fill(trial, [...ORDERED].reverse());
      for (const limit of [undefined, 1, 2, 7]) equal(await trial.names("", limit), ORDERED, `in pages of ${limit}`);
      equal(await trial.names("", 3, trial.other), ORDERED, "of the other instance");
    },
  },
  {
    name: "a list has what begins with its prefix, and nothing else",
    async run(trial) {
      await fill(trial, ORDERED);
      equal(await trial.names("a/"), ["a/b", "a/c/d"]);
      equal(await trial.names("a/b"), ["a/b"]);
      equal(await trial.names("a/c"), ["a/c/d"]);
      equal(
        await trial.names("a"),
        ORDERED.filter((name) => name.startsWith("a")),
      );
      equal(await trial.names("nothing"), []);
      equal(await trial.names("😀"), ["😀"]);
    },
  },
  {
    name: "a list begins behind any key, whether that is there or not, before the prefix or behind it",
    async run(trial) {
      await fill(trial, ORDERED);
      const behind = async (prefix: string, after: string, limit?: number) => {
        const { objects } = await trial.store.list(trial.key(prefix), { after, limit });
        return objects.map(({ key }) => key.slice(trial.prefix.length));
      };
      equal(await behind("", trial.key("a")), ORDERED.slice(ORDERED.indexOf("a!")));
      equal(await behind("", trial.key("a+")), ORDERED.slice(ORDERED.indexOf("a-b")));
      equal(await behind("", trial.key("zzz")), ORDERED.slice(ORDERED.indexOf("é")));
      equal(await behind("", trial.key("\u{f000}")), ["\u{ffee}", "😀"]);
      equal(await behind("a/", trial.key("a")), ["a/b", "a/c/d"]);
      equal(await behind("a/", trial.key("a/")), ["a/b", "a/c/d"]);
      equal(await behind("a/", trial.key("b")), []);
      equal(
        await behind("a", "A"),
        ORDERED.filter((name) => name.startsWith("a")),
      );
      equal(await behind("", trial.key("😀")), []);
      equal(await behind("", trial.key("a"), 2), ["a!", "a-b"]);
    },
  },
  {
    name: "a key is listed beside those that it is the beginning of",
    async run(trial) {
      const names = ["a", "a!", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "a0"];
      await fill(trial, names);
      for (const limit of [undefined, 1, 3]) equal(await trial.names("", limit), names, `in pages of ${limit}`);
      equal(await trial.names("a/"), ["a/b", "a/b-c", "a/b/c"]);
      await trial.store.delete([trial.key("a"), trial.key("a/b")]);
      equal(await trial.names("a/"), ["a/b-c", "a/b/c"], "what is left");
    },
  },
  {
    name: "a list knows size and time of what it lists",
    async run(trial) {
      const info = await trial.put("a", "content");
      const { objects, more } = await trial.store.list(trial.prefix);
      equal(objects.length, 1, "count");
      equal(objects[0]?.key, trial.key("a"), "key");
      equal(objects[0]?.size, 7, "size");
      ok(
        Math.abs((objects[0]?.modified ?? 0) - info.modified) < 5_000,
        `modified is ${objects[0]?.modified}, not ${info.modified}`,
      );
      equal(more, false, "more");
    },
  },
  {
    name: "an empty list is one",
    async run(trial) {
      const { objects, more } = await trial.store.list(trial.prefix, { limit: 1 });
      equal(objects.length, 0, "count");
      equal(more, false, "more");
    },
  },
  {
    name: "a page has at most 1000 keys, and says whether there are more",
    async run(trial) {
      const names = numbered(1030);
      await fill(trial, names);
      const first = await trial.store.list(trial.prefix);
      equal(first.objects.length, 1000, "the first page");
      equal(first.more, true, "more");
      const second = await trial.store.list(trial.prefix, { after: first.objects.at(-1)?.key });
      equal(second.objects.length, 30, "the second page");
      equal(second.more, false, "more behind it");
      equal(await trial.names("", 100), names);
      equal((await trial.store.list(trial.prefix, { limit: 1 })).objects.length, 1);
    },
  },
  {
    name: "a limit that is none is refused",
    async run({ store, prefix }) {
      for (const limit of [0, -1, 1001, 1.5, Number.NaN]) {
        hasCode(await rejects(store.list(prefix, { limit }), `limit ${limit}`), "INVALID_ARGUMENT");
      }
    },
  },
  {
    name: "what was there all the time is listed once, while others come and go",
    async run(trial) {
      const lasting = numbered(120);
      await fill(trial, lasting);
      let stopped = false;
      const churn = async (store: typeof trial.store, sign: string) => {
        for (let round = 0; !stopped; round += 1) {
          const key = trial.key(`n${String((round * 37) % 120).padStart(5, "0")}${sign}`);
          await store.put(key, bytesOf("coming"));
          await store.delete([key]);
        }
      };
      const churns = [churn(trial.store, "-"), churn(trial.other, "a")];
      try {
        for (let round = 0; round < 5; round += 1) {
          const names = await trial.names("", 7, round % 2 === 0 ? trial.store : trial.other);
          equal(
            names.filter((name) => name.length === 6),
            lasting,
            `round ${round}`,
          );
          equal(new Set(names).size, names.length, "keys, none of them twice");
          equal([...names].sort(), names, "in order");
        }
      } finally {
        stopped = true;
        await Promise.all(churns);
      }
      equal(await trial.names(), lasting, "what is left");
    },
  },
  {
    name: "a list has each key from the moment that its put has resolved, until its deletion has",
    async run(trial) {
      for (let round = 0; round < 15; round += 1) {
        const [by, of] = round % 2 === 0 ? [trial.store, trial.other] : [trial.other, trial.store];
        await by.put(trial.key(`k${round}`), bytesOf("there"));
        ok((await trial.names("", undefined, of)).includes(`k${round}`), `k${round} is not listed`);
        if (round % 3 === 0) await of.delete([trial.key(`k${round}`)]);
        ok((await trial.names("", undefined, by)).includes(`k${round}`) === (round % 3 !== 0), `k${round} is listed`);
      }
    },
  },
];

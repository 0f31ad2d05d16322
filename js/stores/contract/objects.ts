/** What is put can be read, and what is deleted cannot. */
import { equal, hasCode, ok, rejects } from "./assert.js";
import { type Case, noise } from "./trial.js";

const MINUTES = 10 * 60_000;

export const objects: Case[] = [
  {
    name: "what was never put is not there",
    async run({ store, prefix }) {
      equal(await store.head(`${prefix}a`), undefined);
      equal(await store.get(`${prefix}a`), undefined);
      equal((await store.list(prefix)).objects.length, 0, "objects listed");
    },
  },
  {
    name: "an object is there for every instance as soon as put resolves, with its size and the time",
    async run(trial) {
      const before = Date.now();
      const info = await trial.put("a", "content");
      equal(info.size, 7, "size");
      ok(typeof info.version === "string" && info.version !== "", "the version is no text");
      ok(Math.abs(info.modified - before) < MINUTES, `modified is ${info.modified}, now ${before}`);
      for (const store of [trial.other, trial.store]) {
        const head = await store.head(trial.key("a"));
        equal(head?.version, info.version, "version of head");
        equal(head?.size, 7, "size of head");
        const found = await store.get(trial.key("a"));
        equal(found?.info.version, info.version, "version of get");
        await found?.body.cancel();
        equal(await trial.text("a", {}, store), "content");
        equal((await trial.names("", undefined, store)).join(), "a");
      }
    },
  },
  {
    name: "an object is replaced for every instance at once, again and again",
    async run(trial) {
      const versions = new Set<string>();
      for (let round = 0; round < 12; round += 1) {
        const info = await trial.put("a", `content ${round}`);
        ok(!versions.has(info.version), "a version came again for other bytes");
        versions.add(info.version);
        equal(await trial.text("a", {}, trial.other), `content ${round}`);
        equal((await trial.other.head(trial.key("a")))?.version, info.version, "version");
      }
      equal((await trial.names()).join(), "a");
    },
  },
  {
    name: "what is deleted is gone for every instance at once, and may be put again",
    async run(trial) {
      for (let round = 0; round < 6; round += 1) {
        await trial.put("a", `content ${round}`);
        const by = round % 2 === 0 ? trial.store : trial.other;
        await by.delete([trial.key("a")]);
        for (const store of [trial.store, trial.other]) {
          equal(await store.head(trial.key("a")), undefined, "head");
          equal(await store.get(trial.key("a")), undefined, "get");
          equal((await trial.names("", undefined, store)).length, 0, "names");
        }
      }
    },
  },
  {
    name: "to delete what is not there is no failure, nor to delete it twice or nothing",
    async run(trial) {
      await trial.store.delete([]);
      await trial.put("b", "content");
      await trial.store.delete(["a", "b", "b", "c"].map((name) => trial.key(name)));
      await trial.store.delete([trial.key("b")]);
      equal((await trial.names()).length, 0);
    },
  },
  {
    name: "1000 keys are deleted at once, 1001 are refused",
    async run(trial) {
      const names = Array.from({ length: 30 }, (_, index) => `k${index}`);
      await Promise.all(names.map((name) => trial.put(name, name)));
      const keys = Array.from({ length: 1000 }, (_, index) => trial.key(`k${index}`));
      await trial.store.delete(keys);
      equal((await trial.names()).length, 0);
      hasCode(await rejects(trial.store.delete([...keys, trial.key("more")])), "INVALID_ARGUMENT");
    },
  },
  {
    name: "an object of no bytes is an object",
    async run(trial) {
      const info = await trial.put("empty", "");
      equal(info.size, 0, "size");
      equal(await trial.text("empty"), "");
      equal((await trial.store.head(trial.key("empty")))?.size, 0, "size of head");
      const [listed] = (await trial.store.list(trial.prefix)).objects;
      equal(listed?.size, 0, "size in the list");
      ok(
        (await trial.store.put(trial.key("empty"), new Uint8Array(), { ifAbsent: true })) === undefined,
        "it passes for absent",
      );
    },
  },
  {
    name: "a key that is the beginning of another does not stand in its way",
    async run(trial) {
      const names = ["a", "a/b", "a/b/c", "a.b", "ab"];
      for (const name of names) await trial.put(name, name);
      for (const name of names) equal(await trial.text(name), name);
      await trial.store.delete([trial.key("a/b")]);
      equal(await trial.text("a/b/c"), "a/b/c");
      equal(await trial.text("a"), "a");
    },
  },
  {
    name: "keys of any characters are kept apart: cases, accents, blanks, signs",
    async run(trial) {
      const names = [
        "A",
        "a",
        "ä",
        "a\u0308",
        " ",
        "  ",
        "+",
        "%2B",
        "%",
        "&<>\"'",
        "#?",
        "\\",
        ":*|",
        "😀",
        "con",
        "a.",
        "~",
        "=",
        "\u{ffff}",
      ];
      for (const name of names) await trial.put(name, name);
      for (const name of names) equal(await trial.text(name), name);
      equal((await trial.names()).length, names.length, "names");
    },
  },
  {
    name: "a key that a path or a protocol could take for something else is kept as it is, or refused",
    async run(trial) {
      for (const name of [
        "a//b",
        "a/",
        "/",
        "..",
        "../..",
        "x/../y",
        ".",
        "x/./y",
        "a\0b",
        "\u0001",
        "a\nb",
        "\u007f",
      ]) {
        let kept = false;
        try {
          await trial.put(name, name);
          kept = true;
        } catch (error) {
          hasCode(error, "INVALID_ARGUMENT");
        }
        if (!kept) continue;
        equal(await trial.text(name), name);
        equal((await trial.names()).join(), name, "names");
        await trial.store.delete([trial.key(name)]);
      }
      equal((await trial.names()).length, 0, "names left");
    },
  },
  {
    name: "a key may have 1024 bytes, and parts of 255",
    async run(trial) {
      const long = [0, 1, 2, 3].map((part) => String(part).repeat(255)).join("/");
      const name = long.slice(0, 1024 - trial.prefix.length);
      await trial.put(name, "long");
      await trial.put(name.slice(0, -1), "shorter");
      equal(await trial.text(name), "long");
      equal((await trial.names()).join(), `${name.slice(0, -1)},${name}`);
    },
  },
  {
    name: "what is no key is refused",
    async run({ store }) {
      for (const bad of ["", "x".repeat(1025), "ä".repeat(513), "\ud800"]) {
        hasCode(await rejects(store.head(bad), bad), "INVALID_ARGUMENT");
        hasCode(await rejects(store.get(bad), bad), "INVALID_ARGUMENT");
        hasCode(await rejects(store.put(bad, new Uint8Array()), bad), "INVALID_ARGUMENT");
        hasCode(await rejects(store.delete([bad]), bad), "INVALID_ARGUMENT");
      }
    },
  },
  {
    name: "what is done for an aborted signal is not done",
    async run(trial) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      const key = trial.key("a");
      equal(await rejects(trial.store.put(key, noise(10), { signal })), reason);
      equal(await rejects(trial.store.head(key, { signal })), reason);
      equal(await rejects(trial.store.get(key, { signal })), reason);
      equal(await rejects(trial.store.list(key, { signal })), reason);
      equal(await rejects(trial.store.delete([key], { signal })), reason);
      equal(await trial.text("a"), undefined);
    },
  },
];

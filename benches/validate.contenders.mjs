/** What `validate.mjs` measures, in Node as in workerd. */
import { isValid, validate } from "pierhead";
import isOfficiallyValid from "the-official-schema";
import { manifestOf } from "./lib/manifests.mjs";

/** Runs of one contender that are timed together: enough that a clock of milliseconds, or a request, does not show. */
export const RUNS = 1000;

const manifest = manifestOf(40);
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Each gives a verdict on the bytes of one manifest, of 40 layers. */
export const contenders = {
  "all/ours": repeated(() => validate(manifest).valid),
  "all/theirs": async () => {
    for (let run = 0; run < RUNS; run++) {
      expectValid(isOfficiallyValid(parsed()));
      await crypto.subtle.digest("SHA-256", manifest);
    }
  },
  "verdict/ours": repeated(() => isValid(manifest)),
  "verdict/theirs": repeated(() => isOfficiallyValid(parsed())),
};

function parsed() {
  return JSON.parse(decoder.decode(manifest));
}

function repeated(verdict) {
  return () => {
    for (let run = 0; run < RUNS; run++) expectValid(verdict());
  };
}

function expectValid(valid) {
  if (!valid) throw new Error("the manifest was found invalid");
}

/** The module that is shipped, against documents that somebody could make to harm their readers. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OciDocument, validate } from "../../dist/entry/index.js";
import { type Attack, attacks, documentOf } from "../support/cases.ts";
import { membersIn, membersOf } from "../support/json-text.ts";
import { pierhead, scratch, TIMEOUT } from "./cli/run.ts";

const PROFILES = ["1.1", "dev", "schema"] as const;
/** What a terminal obeys or hides. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Bold, faint, red, green and yellow, and their ends. */
const COLOURS = [1, 2, 22, 31, 32, 33, 39];

function declared({ mediaType }: Attack): { mediaType?: string } {
  return mediaType === undefined ? {} : { mediaType };
}

test.each(attacks())("%s: found in every profile", (_, attack) => {
  const document = documentOf(attack);
  for (const profile of PROFILES) {
    const { valid, issues } = validate(document, { ...declared(attack), profile });
    expect([...new Set(issues.map(({ rule }) => rule))]).toEqual(expect.arrayContaining([...attack.finds]));
    expect({ profile, valid }).toEqual({ profile, valid: attack.valid?.includes(profile) ?? false });
  }
});

test("what is read of them reads the same to JSON.parse, member by member", () => {
  let read = 0;
  for (const [name, attack] of attacks()) {
    const bytes = documentOf(attack);
    try {
      OciDocument.parse(bytes, declared(attack));
    } catch {
      continue;
    }
    read += 1;
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    expect({ name, members: membersOf(JSON.parse(text)) }).toEqual({ name, members: membersIn(text) });
  }
  expect(read).toBeGreaterThan(100);
});

test("nothing in them reaches a terminal that it would obey or hide", TIMEOUT, async () => {
  const cwd = await scratch();
  const names = attacks().map(([name]) => `./${name.replaceAll("/", "")}.json`);
  await Promise.all(attacks().map(([, attack], at) => writeFile(join(cwd, names[at] ?? ""), documentOf(attack))));
  const { code, stdout, stderr } = await pierhead(["validate", ...names], {
    cwd,
    terminal: 100,
    env: { TERM: "xterm" },
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  // Only our own colours are taken out: whoever takes out all that a terminal obeys sees none of what must not be there.
  const shown = COLOURS.reduce((text, code) => text.replaceAll(`\u001b[${code}m`, ""), stdout);
  for (const name of names) expect(shown).toContain(name);
  expect(shown).not.toMatch(UNSAFE);
});

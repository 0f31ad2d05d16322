/**
 * The reader against V8's `JSON.parse`, on texts that are made at random, the same in every run: what the reader accepts, both
 * read to the same value; what it refuses though V8 reads it, it refuses for a reason that it gives.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { OciDocument, validate } from "../../dist/entry/index.js";
import { membersIn, membersOf } from "../support/json-text.ts";

const RUNS = { seed: 20_260_730, numRuns: 3000 };
/** Of no rules, so that only the reader judges. */
const mediaType = "application/vnd.example+json";

/** What the reader finds wrong with a text; nothing if it accepts it. */
function faults(text: string): string[] {
  const rules = validate(text, { mediaType }).issues.map(({ rule }) => rule);
  return rules.filter((rule) => rule.startsWith("json.") && rule !== "json.precision");
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Why the reader refuses what V8 reads. */
const NARROWED = {
  "json.duplicate-key": (text: string) => membersIn(text) !== membersOf(JSON.parse(text)),
  "json.surrogate": (text: string) => /\\u[dD][89a-fA-F]/.test(text),
  "json.number": (text: string) => /\d{300}|[eE]\+?0*\d{3}/.test(text),
  "json.depth": (text: string) => (text.match(/[[{]/g)?.length ?? 0) > 64,
} as const;

/** @returns Whether both read it. */
function agreesWithV8(text: string): boolean {
  if (!text.isWellFormed()) {
    expect(() => validate(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    return false;
  }
  const theirs = parsed(text);
  const ours = faults(text);
  if (ours.length === 0) {
    expect(theirs, "V8 refuses it").toBeDefined();
    expect(membersIn(text)).toBe(membersOf(theirs?.value));
    expect(OciDocument.parse(text, { mediaType }).json()).toEqual(theirs?.value);
  } else if (theirs !== undefined) {
    const [rule = ""] = ours;
    expect(Object.keys(NARROWED)).toContain(rule);
    expect(NARROWED[rule as keyof typeof NARROWED](text), rule).toBe(true);
  }
  return ours.length === 0;
}

const pieces = [
  ...'{}[],:"0123456789-+.eE \n\t\\',
  '"a"',
  '"b"',
  '"\\u0061"',
  '"a":1,',
  '{"a":',
  "[1,",
  "null",
  "true",
  "false",
  "\\ud83d\\ude00",
  "\\ud800",
  "1e308",
  "1e309",
  "-0",
  "9007199254740993",
  "\u00e9",
  "\ufeff",
  "\u2028",
  "\u0000",
  "//",
  "NaN",
];

/** Pieces of JSON in any order: mostly not JSON, and near it. */
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((parts) => parts.join(""));

/** JSON with one piece put where another text stood: often still JSON. */
const mutated = fc
  .tuple(fc.json({ stringUnit: "binary" }), fc.nat(), fc.nat(3), fc.constantFrom("", ...pieces))
  .map(([json, place, length, piece]) => {
    const at = place % (json.length + 1);
    return json.slice(0, at) + piece + json.slice(at + length);
  });

/** A string spelled in JSON at random: each character as it is, or in escapes. */
const spelled = fc
  .array(
    fc.tuple(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((character) => character.isWellFormed()),
      fc.boolean(),
    ),
    { maxLength: 12 },
  )
  .map((characters) => ({
    value: characters.map(([character]) => character).join(""),
    json: `"${characters.map(([character, escaped]) => (escaped ? escapes(character) : JSON.stringify(character).slice(1, -1))).join("")}"`,
  }));

function escapes(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
}

test.each([
  ["pieces of JSON", soup],
  ["JSON with something else in it", mutated],
  ["JSON", fc.json({ stringUnit: "binary", maxDepth: 8 })],
])("%s is read as V8 reads it, or refused for a reason", (_, texts) => {
  let read = 0;
  const property = fc.property(texts, (text) => {
    if (agreesWithV8(text)) read += 1;
  });
  fc.assert(property, RUNS);
  expect(read).toBeGreaterThan(50);
});

test("strings are read as V8 reads them, however they are spelled", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const annotations = fc.uniqueArray(fc.tuple(spelled, spelled), { selector: ([key]) => key.value, maxLength: 5 });
  const sizes = fc.maxSafeNat();
  const prototype = ["__proto__", "constructor"].map((key) => {
    const told = { value: key, json: `"${key}"` };
    return [told, told] as [typeof told, typeof told];
  });
  fc.assert(
    fc.property(annotations, sizes, (pairs, size) => {
      const members = pairs.map(([key, value]) => `${key.json}:${value.json}`).join(",");
      const text = `{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${digest}","size":${size},"annotations":{${members}}}]}`;
      const [ours] = OciDocument.parse(text).descriptors().manifests;
      const [theirs] = (JSON.parse(text) as { manifests: object[] }).manifests;
      expect(ours).toMatchObject({ ...theirs });
      expect(new Map(Object.entries(ours?.annotations ?? {}))).toEqual(
        new Map(pairs.map(([key, value]) => [key.value, value.value])),
      );
    }),
    { ...RUNS, examples: [[prototype, 1]] },
  );
});

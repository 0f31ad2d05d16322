import { expect, test } from "vitest";
import { Excerpts } from "../../../dist/cli/excerpt.js";

const DOCUMENT = new TextEncoder().encode('{\n"one": 1,\r\n"two": "é😀",\n\n"five": [5]}\n');

test("lines are found in any order", () => {
  const excerpts = new Excerpts(DOCUMENT);
  const lines = [5, 2, 3, 3, 1, 4, 6, 2];
  expect(lines.map((line) => excerpts.at(line, 1, 80).text)).toEqual([
    '"five": [5]}',
    '"one": 1,',
    '"two": "é😀",',
    '"two": "é😀",',
    "{",
    "",
    "",
    '"one": 1,',
  ]);
});

test("a line past the end is empty, and those before it are still found", () => {
  const excerpts = new Excerpts(DOCUMENT);
  expect([9, 1, 10, 5].map((line) => excerpts.at(line, 1, 80).text)).toEqual(["", "{", "", '"five": [5]}']);
});

test("places on one line are found in any order, in characters", () => {
  const excerpts = new Excerpts(DOCUMENT);
  expect([8, 1, 8].map((column) => excerpts.endOfToken(3, column))).toEqual([12, 6, 12]);
});

test("places at the end of many empty lines are sought from one another on, and not from the beginning each", () => {
  const bytes = new Uint8Array(100_000).fill(0x0a);
  let searches = 0;
  bytes.indexOf = (...given) => {
    searches += 1;
    return Uint8Array.prototype.indexOf.apply(bytes, given);
  };
  const excerpts = new Excerpts(bytes);
  excerpts.endOfToken(99_000, 1);
  const first = searches;
  for (let line = 99_001; line <= 100_000; line += 1) excerpts.endOfToken(line, 1);
  expect([first > 90_000, searches - first]).toEqual([true, 2 * 1000]);
});

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

test("a thousand places at the end of 8 MiB of empty lines take no longer than one", () => {
  const empty = 8 * 1024 * 1024 - 2000;
  const bytes = new Uint8Array(8 * 1024 * 1024).fill(0x0a);
  const excerpts = new Excerpts(bytes);
  const start = performance.now();
  excerpts.endOfToken(empty, 1);
  const one = performance.now() - start;
  for (let line = empty; line < empty + 1000; line += 1) excerpts.endOfToken(line, 1);
  // From the start of the document, each would take as long as the first.
  expect(performance.now() - start).toBeLessThan(20 * one + 1000);
});

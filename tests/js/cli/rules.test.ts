import { describe, expect, test } from "vitest";
import { rules } from "../../../dist/entry/index.js";
import { jsonLines, pierhead, TIMEOUT } from "./run.ts";

/** The cells of the table. */
async function listed(...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await pierhead(["validate", "--rules", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(/ {2,}/));
}

describe.concurrent("pierhead validate --rules", TIMEOUT, () => {
  test("lists every rule once, with its grade and what it says", async () => {
    const all = rules();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(await listed()).toEqual(all.map(({ id, severity, summary }) => [id, severity, summary]));
  });

  test("has the grades of a profile", async () => {
    const all = rules();
    expect(await listed("--profile", "schema")).toEqual(
      all.map(({ id, schemaSeverity, summary }) => [id, schemaSeverity, summary]),
    );
    expect(all.some(({ severity, schemaSeverity }) => severity !== schemaSeverity)).toBe(true);
  });

  test.each([[["--json"]], [["--format", "json"]]])("prints one line of JSON for each with %j", async (flags) => {
    const { stdout } = await pierhead(["validate", "--rules", ...flags]);
    expect(jsonLines(stdout)).toEqual(rules());
  });
});

/** How progress shows: on a terminal that is emulated, and elsewhere. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Output } from "../../../dist/cli/output.js";
import { createProgress, type Progress, type SettledPart } from "../../../dist/cli/progress/progress.js";
import { Screen } from "./screen.ts";

const MIB = 2 ** 20;

beforeEach(() => {
  vi.useFakeTimers();
  for (const [name, value] of Object.entries({ TERM: "xterm-256color", NO_COLOR: "1", LANG: "C.UTF-8" })) {
    vi.stubEnv(name, value);
  }
  for (const name of ["LC_ALL", "LC_CTYPE"]) vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function digest(part: number): string {
  return `sha256:${part.toString(16).padStart(64, "0")}`;
}

function settled(part: number, outcome: SettledPart["outcome"], size = 5 * MIB): SettledPart {
  return { digest: digest(part), size, outcome };
}

/** What stderr is when it goes elsewhere. */
function pipe() {
  let written = "";
  const write = (text: string) => {
    written += text;
    return true;
  };
  return { write, lines: () => written.split("\n").slice(0, -1) };
}

type Stream = { write(text: string): boolean };

function outputTo(stderr: Stream, stdout: Stream = pipe()): Output {
  return new Output(stdout as NodeJS.WriteStream, stderr as NodeJS.WriteStream);
}

interface Shown {
  screen: Screen;
  output: Output;
  progress: Progress;
}

/** Progress on a terminal, which stdout goes to as well. */
function onScreen(columns = 100, rows = 24): Shown {
  const screen = new Screen(columns, rows);
  const output = outputTo(screen, screen);
  return { screen, output, progress: createProgress({ quiet: false, json: false }, output) };
}

/** Moves so much of a part each tenth of a second, for so many seconds. */
function move(
  progress: Progress,
  part: number,
  total: number | undefined,
  from: number,
  step: number,
  seconds: number,
) {
  let bytes = from;
  for (let tick = 0; tick < seconds * 10; tick += 1) {
    bytes += step;
    progress.update({ digest: digest(part), bytes, total });
    vi.advanceTimersByTime(100);
  }
}

describe("on a terminal", () => {
  test("a part has a bar with what has come of what, and how fast, above the sum", () => {
    const { screen, progress } = onScreen();
    move(progress, 0xabc, 100 * MIB, 0, MIB, 5);
    expect(screen.lines).toEqual([
      `sha256:000000000000 ${"█".repeat(20)}${"░".repeat(20)}    50.0 MiB / 100.0 MiB   10.0 MiB/s`,
      "0 of 1 part, 50.0 MiB of 100.0 MiB, 10.0 MiB/s",
    ]);
    progress.end();
  });

  test("the rate is that of the last seconds", () => {
    const { screen, progress } = onScreen();
    move(progress, 1, 100 * MIB, 0, 8 * MIB, 5);
    move(progress, 1, 100 * MIB, 40 * MIB, 0, 5);
    expect(screen.lines.at(-1)).toBe("0 of 1 part, 40.0 MiB of 100.0 MiB, 0 B/s");
    progress.end();
  });

  test("a part of unknown size has no share of anything", () => {
    const { screen, progress } = onScreen();
    move(progress, 1, undefined, 0, MIB, 1);
    expect(screen.lines[0]).toMatch(/^sha256:0{12} ░{40} +10\.0 MiB +10\.0 MiB\/s$/);
    progress.end();
  });

  test("a part that is settled leaves a line, and the bars stay below it", () => {
    const { screen, progress } = onScreen();
    move(progress, 1, 5 * MIB, 0, MIB / 2, 1);
    move(progress, 2, 10 * MIB, 0, MIB / 2, 1);
    progress.settle(settled(1, "done"));
    progress.settle(settled(3, "exists", 1));
    progress.settle(settled(4, "mounted"));
    vi.advanceTimersByTime(100);
    expect(screen.lines).toEqual([
      `${digest(1)}    5.0 MiB done`,
      `${digest(3)}        1 B exists`,
      `${digest(4)}    5.0 MiB mounted`,
      expect.stringMatching(/^sha256:0{12} █{20}░{20} /),
      "3 of 4 parts, 15.0 MiB of 20.0 MiB, 4.8 MiB/s",
    ]);
    progress.end();
    expect(screen.lines).toHaveLength(3);
    expect(screen.cursor).toEqual({ row: 3, column: 0 });
  });

  test("what is written meanwhile stands above the bars, each line once", () => {
    const { screen, output, progress } = onScreen();
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    output.line("a result");
    output.problem("a problem");
    output.warn("a warning");
    output.warn("a warning");
    vi.advanceTimersByTime(1_000);
    expect(screen.lines.slice(0, -2)).toEqual(["a result", "pierhead: a problem", "pierhead: warning: a warning"]);
    expect(screen.lines.slice(-2)).toEqual([expect.stringContaining("█"), expect.stringMatching(/^0 of 1 part/)]);
    progress.end();
    expect(screen.lines).toHaveLength(3);
  });

  test("what goes to stdout elsewhere has nothing of the bars", () => {
    const screen = new Screen(80);
    const stdout = pipe();
    const output = outputTo(screen, stdout);
    const progress = createProgress({ quiet: false, json: false }, output);
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    output.line("a result");
    progress.end();
    expect(stdout.lines()).toEqual(["a result"]);
  });

  test.each([3, 5, 10, 24])("of %i lines no more is shown than can be taken away again", (rows) => {
    const { screen, progress } = onScreen(100, rows);
    for (let round = 1; round <= 10; round += 1) {
      for (let part = 0; part < 50; part += 1) progress.update({ digest: digest(part), bytes: round, total: 10 });
      vi.advanceTimersByTime(100);
      expect(screen.lines.length).toBeLessThanOrEqual(rows - 1);
      expect(screen.lines.at(-1)).toMatch(/^0 of 50 parts/);
    }
    for (let part = 0; part < 50; part += 1) progress.settle(settled(part, "done", 10));
    progress.end();
    expect(screen.lines).toHaveLength(50);
  });

  test("tells how many parts it does not show", () => {
    const { screen, progress } = onScreen(100, 6);
    for (let part = 0; part < 9; part += 1) progress.update({ digest: digest(part), bytes: 1, total: 10 });
    vi.advanceTimersByTime(100);
    expect(screen.lines.map((line) => line.slice(0, 6))).toEqual(["sha256", "sha256", "sha256", "… and ", "0 of 9"]);
    progress.end();
  });

  test.each([20, 30, 40, 60, 80, 81, 100, 300])("of %i columns each line takes one", (columns) => {
    const { screen, progress } = onScreen(columns);
    for (let part = 0; part < 5; part += 1) move(progress, part, 1023.9 * MIB, 0, 102 * MIB, 1);
    expect(screen.lines).toHaveLength(6);
    for (const line of screen.lines) expect(line.length).toBeLessThan(columns);
    progress.end();
    expect(screen.lines).toEqual([""]);
  });

  test("that is made narrower is left clean", () => {
    const { screen, output, progress } = onScreen(120);
    output.note("before");
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    // The terminal lays the lines out anew.
    const narrow = new Screen(50);
    narrow.write(screen.lines.map((line) => `${line}\n`).join(""));
    screen.columns = 50;
    vi.spyOn(screen, "write").mockImplementation((text) => narrow.write(text));
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    progress.end();
    expect(narrow.lines).toEqual(["before"]);
  });

  test("only ASCII shows where the locale has nothing else", () => {
    for (const locale of [{ LANG: "C" }, { LC_ALL: "POSIX" }, { LC_CTYPE: "de_DE.ISO-8859-1" }, { LANG: undefined }]) {
      for (const [name, value] of Object.entries(locale)) vi.stubEnv(name, value);
      const { screen, progress } = onScreen(100, 4);
      for (let part = 0; part < 5; part += 1) progress.update({ digest: digest(part), bytes: 5, total: 10 });
      vi.advanceTimersByTime(100);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: of ASCII there are controls too
      expect(screen.written).toMatch(/^[\u0000-\u007f]+$/);
      expect(screen.lines[0]).toContain(`${"#".repeat(20)}${"-".repeat(20)}`);
      progress.end();
    }
  });

  test("colours are there unless NO_COLOR is set", () => {
    for (const [value, coloured] of [
      ["1", false],
      [undefined, true],
    ] as const) {
      vi.stubEnv("NO_COLOR", value);
      const { screen, progress } = onScreen();
      move(progress, 1, 5 * MIB, 0, MIB, 1);
      expect(screen.written.includes("\u001b[32m")).toBe(coloured);
      progress.end();
    }
  });

  test("that is dumb gets lines", () => {
    vi.stubEnv("TERM", "dumb");
    const { screen, progress } = onScreen();
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    progress.settle(settled(1, "done"));
    progress.end();
    expect(screen.written).toBe(`${digest(1)}    5.0 MiB done\n`);
  });

  test("nothing of a digest is obeyed", () => {
    const { screen, progress } = onScreen();
    progress.update({ digest: "evil:\u001b[2J\u202e", bytes: 1, total: 2 });
    progress.settle({ digest: "evil:\u001b[2J\u202e", size: 2, outcome: "done" });
    vi.advanceTimersByTime(100);
    for (const control of ["\u001b[2J", "\u202e"]) expect(screen.written).not.toContain(control);
    progress.end();
  });
});

describe("elsewhere", () => {
  function lines(options: { quiet: boolean; json: boolean }): string[] {
    const stderr = pipe();
    const progress = createProgress(options, outputTo(stderr));
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    progress.settle(settled(1, "done"));
    progress.settle(settled(2, "exists"));
    progress.end();
    return stderr.lines();
  }

  test("each part has one line, when it is settled", () => {
    const expected = [`${digest(1)}    5.0 MiB done`, `${digest(2)}    5.0 MiB exists`];
    expect(lines({ quiet: false, json: false })).toEqual(expected);
  });

  test("with --json, that line is JSON", () => {
    const parsed = lines({ quiet: false, json: true }).map((line) => JSON.parse(line));
    expect(parsed).toEqual([settled(1, "done"), settled(2, "exists")]);
  });

  test("with --quiet there is none", () => {
    expect(lines({ quiet: true, json: false })).toEqual([]);
    expect(lines({ quiet: true, json: true })).toEqual([]);
  });

  test("with --quiet there is none on a terminal either", () => {
    const screen = new Screen(80);
    const progress = createProgress({ quiet: true, json: false }, outputTo(screen));
    move(progress, 1, 5 * MIB, 0, MIB, 1);
    progress.settle(settled(1, "done"));
    progress.end();
    expect(screen.written).toBe("");
  });
});

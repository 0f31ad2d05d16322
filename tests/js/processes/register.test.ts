/** The judge of what several clients saw: `tests/processes/` relies on it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { effects, judged, type Operation, type Value } from "../../processes/lib/register.mjs";

const { write, swap, clear, lose, drop, read, other } = effects;

/** `at` is when it was asked for and when it was answered. */
function operation(at: readonly [number, number], apply: Operation["apply"], more: Partial<Operation> = {}): Operation {
  return { what: "", start: at[0], end: at[1], certain: true, apply, ...more };
}

const isPossible = (operations: readonly Operation[], initial: readonly Value[] = [null]) =>
  judged(operations, initial).broken === undefined;

describe("one thing, as several clients see it", () => {
  test("a later write stands, and an earlier one is gone", () => {
    const writes = [operation([0, 1], write("a")), operation([2, 3], write("b"))];
    expect(isPossible([...writes, operation([4, 5], read("b"))])).toBe(true);
    expect(isPossible([...writes, operation([4, 5], read("a"))])).toBe(false);
  });

  test("of two writes at once either may be the last, but it stays so", () => {
    const writes = [operation([0, 3], write("a")), operation([1, 2], write("b"))];
    for (const seen of ["a", "b"]) expect(isPossible([...writes, operation([4, 5], read(seen))])).toBe(true);
    expect(isPossible([...writes, operation([4, 5], read("a")), operation([6, 7], read("b"))])).toBe(false);
  });

  test("nobody sees what was before something that another has seen already", () => {
    const change = operation([0, 9], write("new"));
    expect(isPossible([change, operation([1, 2], read("new")), operation([3, 4], read("old"))], ["old"])).toBe(false);
    expect(isPossible([change, operation([1, 2], read("old")), operation([3, 4], read("new"))], ["old"])).toBe(true);
  });

  test("of two that replace the same only one can have done so", () => {
    const swaps = [operation([0, 5], swap("old", "a")), operation([1, 4], swap("old", "b"))];
    expect(isPossible(swaps, ["old"])).toBe(false);
    expect(isPossible([operation([0, 5], swap("old", "a")), operation([1, 4], other("old"))], ["old"])).toBe(true);
  });

  test("what was never answered may have happened, before its end, once or not", () => {
    const lost = operation([0, 3], write("a"), { certain: false });
    for (const seen of ["old", "a"]) expect(isPossible([lost, operation([4, 5], read(seen))], ["old"])).toBe(true);
    expect(isPossible([lost, operation([4, 5], read("old")), operation([6, 7], read("a"))], ["old"])).toBe(false);
    const twice = [operation([1, 2], drop("a")), operation([2.5, 2.7], read("a"))];
    expect(isPossible([operation([0, 3], write("a")), ...[operation([0.5, 0.7], read("a"))], ...twice])).toBe(false);
    expect(
      isPossible([operation([0, 3], write("a"), { repeats: true }), operation([0.5, 0.7], read("a")), ...twice]),
    ).toBe(true);
  });

  test("what is deleted twice was there twice", () => {
    const put = operation([0, 9], write("a"));
    const deletions = [operation([1, 2], clear()), operation([10, 11], clear())];
    expect(isPossible([put, ...deletions])).toBe(false);
    expect(isPossible([{ ...put, repeats: true }, ...deletions])).toBe(true);
  });
});

test("the verdict is that of trying every order", () => {
  const values: readonly Value[] = ["a", "b", null];
  const value = fc.constantFrom(...values);
  const effect = fc.oneof(
    value.map((one) => ({ what: `write ${one}`, apply: write(one) })),
    fc.tuple(value, value).map(([from, to]) => ({ what: `swap ${from} ${to}`, apply: swap(from, to) })),
    fc.constant({ what: "clear", apply: clear() }),
    fc.constant({ what: "lose", apply: lose() }),
    value.map((one) => ({ what: `drop ${one}`, apply: drop(one) })),
    value.map((one) => ({ what: `read ${one}`, apply: read(one) })),
    value.map((one) => ({ what: `other ${one}`, apply: other(one) })),
  );
  const any = fc
    .tuple(effect, fc.nat(12), fc.nat(6), fc.boolean())
    .map(
      ([{ what, apply }, start, length, certain]): Operation => ({ what, start, end: start + length, certain, apply }),
    );
  const verdicts = { possible: 0, impossible: 0 };
  fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), (operations) => {
      const [{ broken, values: ends }, expected] = [judged(operations, [null]), tried(operations, null)];
      verdicts[expected.size > 0 ? "possible" : "impossible"] += 1;
      expect(broken === undefined).toBe(expected.size > 0);
      if (broken === undefined) expect(new Set(ends)).toEqual(expected);
    }),
    { seed: 20_261_125, numRuns: 3_000 },
  );
  expect(Math.min(verdicts.possible, verdicts.impossible)).toBeGreaterThan(300);
});

/** All values that an order leads to in which nothing comes before what had ended when it was asked for. */
function tried(left: readonly Operation[], value: Value): Set<Value> {
  const ends = new Set<Value>();
  if (left.every(({ certain }) => !certain)) ends.add(value);
  for (const next of left) {
    if (left.some((each) => each !== next && each.certain && each.end < next.start)) continue;
    const then = next.apply(value);
    if (then === undefined) continue;
    // Those that are not certain and had ended by now never happen.
    const rest = left.filter((each) => each !== next && (each.certain || each.end >= next.start));
    for (const end of tried(rest, then)) ends.add(end);
  }
  return ends;
}

/** The one way that every bench measures: contenders in turn, in one process, and medians. */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Runs the contenders in turn, round after round, so that whatever else the machine does hits them alike. The first round
 * warms up and is not counted.
 *
 * @template {string} Name
 * @param {Record<Name, () => unknown>} contenders
 * @returns {Promise<Record<Name, number>>} The median of each, in milliseconds.
 */
export async function interleave(contenders, rounds = 7) {
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await contenders[name]();
      if (round > 0) times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

/** Megabytes (2^20) a second, for the reader who wants more than a ratio. */
export function rate(bytes, milliseconds) {
  return `${Math.round(bytes / 2 ** 20 / (milliseconds / 1000))} MiB/s`;
}

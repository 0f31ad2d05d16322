/** What users download. */
import { measureSizes } from "../scripts/lib/sizes.mjs";

export async function run() {
  return (await measureSizes()).map(({ name, value, budget, unit }) => ({
    what: name,
    figure: shown(value, unit),
    target: `≤ ${shown(budget, unit)}`,
    met: value <= budget,
  }));
}

function shown(value, unit) {
  return unit === "B" ? `${(value / 1000).toFixed(1)} KB` : `${value.toFixed(3)}×`;
}

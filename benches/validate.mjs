/**
 * Verdicts on image manifests: how fast they are, against the official JSON Schemas by ajv on what `JSON.parse` reads, in Node
 * and in workerd; how the time grows with the document; and how much memory a large one takes.
 */
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { validate } from "pierhead";
import { capture } from "../scripts/lib/run.mjs";
import { bundle, workerModules } from "./lib/bundle.mjs";
import { manifestUpTo } from "./lib/manifests.mjs";
import { interleave, median } from "./lib/measure.mjs";
import { officialManifestSchema } from "./lib/official-schemas.mjs";

/** Bytes, and the validations that are timed together. */
const SIZES = {
  "1 KB": [1e3, 4000],
  "10 KB": [1e4, 400],
  "100 KB": [1e5, 40],
  "1 MB": [1e6, 4],
  "4 MiB": [2 ** 22, 1],
};
/** More than elsewhere: a slope is a ratio of several times, each with its own noise. */
const ROUNDS_OF_GROWTH = 21;
const MEMORY_ROUNDS = 5;

export async function run() {
  const alias = { "the-official-schema": await officialManifestSchema() };
  return [
    ...(await inNode(alias)),
    ...(await inWorkerd(alias)),
    await growth(),
    await memory("a 4 MiB manifest", "layers"),
    await memory("4 MiB of the smallest values", "values"),
  ];
}

async function inNode(alias) {
  const { contenders, RUNS } = await import(await bundle("validate.contenders.mjs", ["node", "import"], alias));
  return rows("Node", await interleave(contenders), RUNS);
}

async function inWorkerd(alias) {
  const script = await bundle("validate.worker.mjs", ["workerd", "worker", "import"], alias);
  const { contenders, RUNS } = await import(await bundle("validate.contenders.mjs", ["node", "import"], alias));
  const worker = new Miniflare({ modules: workerModules(script), compatibilityDate: "2025-01-01" });
  try {
    const url = await worker.ready;
    const step = (name) => async () => {
      const response = await fetch(new URL(name, url));
      const text = await response.text();
      if (!response.ok) throw new Error(`${name}: ${text}`);
    };
    const steps = Object.fromEntries(Object.keys(contenders).map((name) => [name, step(name)]));
    return rows("workerd", await interleave(steps), RUNS);
  } finally {
    await worker.dispose();
  }
}

function rows(where, times, runs) {
  return [
    row(`parse, validate and SHA-256 of a 40-layer manifest, to JSON.parse, ajv and WebCrypto, ${where}`, "all", 2),
    row(`a verdict on it alone, to JSON.parse and ajv, ${where}`, "verdict", 0.7),
  ];

  function row(what, name, target) {
    const [ours, theirs] = [times[`${name}/ours`], times[`${name}/theirs`]];
    const ratio = theirs / ours;
    const microseconds = [ours, theirs].map((time) => ((time / runs) * 1000).toFixed(1));
    return {
      what,
      figure: `${ratio.toFixed(2)}× (${microseconds.join(" µs against ")} µs)`,
      target: `≥ ${target}×`,
      met: ratio >= target,
    };
  }
}

async function growth() {
  const documents = Object.fromEntries(
    Object.entries(SIZES).map(([name, [bytes, runs]]) => [name, { manifest: manifestUpTo(bytes), runs }]),
  );
  const times = await interleave(
    Object.fromEntries(
      Object.entries(documents).map(([name, { manifest, runs }]) => [
        name,
        () => {
          for (let run = 0; run < runs; run++) validate(manifest);
        },
      ]),
    ),
    ROUNDS_OF_GROWTH,
  );
  const perByte = Object.entries(documents).map(([name, { manifest, runs }]) => [
    name,
    (times[name] * 1e6) / (runs * manifest.length),
  ]);
  // A small document pays for the call itself, so the line is drawn from 10 KB on.
  const slopes = perByte.slice(1).map(([, nanoseconds]) => nanoseconds);
  const factor = Math.max(...slopes) / Math.min(...slopes);
  return {
    what: "nanoseconds a byte of a manifest, Node",
    figure: perByte.map(([name, nanoseconds]) => `${nanoseconds.toFixed(1)} at ${name}`).join(", "),
    target: "linear: within 1.5× from 10 KB on",
    met: factor <= 1.5,
  };
}

async function memory(what, content) {
  const times = [];
  for (let round = 0; round < MEMORY_ROUNDS; round++) times.push(await grown(content));
  const factor = median(times);
  return {
    what: `memory to validate ${what}, to its size, Node`,
    figure: `${factor.toFixed(2)}×`,
    target: "≤ 6×",
    met: factor <= 6,
  };
}

/** A process of its own each time: the memory of a wasm instance never shrinks. */
async function grown(content) {
  const script = fileURLToPath(new URL("validate.child.mjs", import.meta.url));
  const { code, stdout, output } = await capture(process.execPath, ["--expose-gc", script, content]);
  if (code !== 0) throw new Error(output);
  return Number(stdout);
}

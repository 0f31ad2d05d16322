/** What importing the package and validating once adds to the run of an empty script. */
import { fileURLToPath } from "node:url";
import { capture } from "../scripts/lib/run.mjs";
import { interleave } from "./lib/measure.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const ROUNDS = 21;
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: descriptor("application/vnd.oci.image.config.v1+json"),
  layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip")],
});
const PROGRAM = `import { validate } from "pierhead"; if (!validate(${JSON.stringify(MANIFEST)}).valid) throw new Error("invalid");`;

export async function run() {
  const { empty, validating } = await interleave({ empty: () => node(""), validating: () => node(PROGRAM) }, ROUNDS);
  const more = validating - empty;
  return [
    {
      what: "import and first validate, to an empty script, Node",
      figure: `+${more.toFixed(1)} ms (${empty.toFixed(1)} → ${validating.toFixed(1)} ms)`,
      target: "≤ +20 ms",
      met: more <= 20,
    },
  ];
}

async function node(program) {
  const args = ["--input-type=module", "--eval", program];
  const { code, output } = await capture(process.execPath, args, { cwd: root });
  if (code !== 0) throw new Error(output);
}

function descriptor(mediaType) {
  return { mediaType, size: 3, digest: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };
}

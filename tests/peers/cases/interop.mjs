/** What others wrote reads what we wrote, and the reverse: the same digests, every byte. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../scripts/lib/run.mjs";
import { fixtureLayout } from "../../support/layout.mjs";
import { verifiedLayout } from "../lib/layouts.mjs";
import { isThere, pierhead, pulled, pushed, tools } from "../lib/tools.mjs";

const TAG = "1.0";
const { pierhead: ours, ...others } = tools;
const theirs = Object.entries(others).filter(([, { program }]) => isThere(program));
const pushers = theirs.filter(([, { push }]) => push !== undefined);

/** @type {import("../run.mjs").Case[]} */
export const interopCases = [
  {
    name: "what was copied from a layout comes back to another",
    run: (context) => roundTrip(context, ours, ours),
  },
  ...theirs.map(([tool, other]) => ({
    name: `${tool} pulls what pierhead pushed`,
    run: (context) => roundTrip(context, ours, other),
  })),
  ...pushers.map(([tool, other]) => ({
    name: `pierhead pulls what ${tool} pushed`,
    run: (context) => roundTrip(context, other, ours),
  })),
  {
    name: "umoci unpacks the platform that pierhead pulled",
    run: async ({ registry, scratch, name }) => {
      const image = `${registry.host}/${name}/hello:${TAG}`;
      const target = join(scratch, "pulled");
      const bundle = join(scratch, "bundle");
      await pushed(ours, fixtureLayout, TAG, image, { home: scratch });
      await pierhead(["copy", "--platform=linux/amd64", image, `oci:${target}:${TAG}`], { home: scratch });
      await run("umoci", ["unpack", "--rootless", "--image", `${target}:${TAG}`, bundle]);
      assert.match(readFileSync(join(bundle, "rootfs", "bin", "hello"), "utf8"), /Hello from the pier/);
    },
  },
  {
    name: "an image that umoci made goes to the registry and back",
    run: async ({ registry, scratch, name }) => {
      const image = `${registry.host}/${name}/made:${TAG}`;
      const layout = join(scratch, "made");
      const target = join(scratch, "pulled");
      const as = { home: scratch };
      writeFileSync(join(scratch, "file"), "by umoci\n");
      await run("umoci", ["init", "--layout", layout]);
      await run("umoci", ["new", "--image", `${layout}:${TAG}`]);
      await run("umoci", ["insert", "--rootless", "--image", `${layout}:${TAG}`, join(scratch, "file"), "/file"]);
      await pushed(ours, layout, TAG, image, as);
      await pulled(ours, image, target, TAG, as);
      const { digest } = verifiedLayout(layout);
      assert.deepEqual(verifiedLayout(target), verifiedLayout(layout, digest));
    },
  },
];

async function roundTrip({ registry, scratch, name }, from, to) {
  const image = `${registry.host}/${name}/hello:${TAG}`;
  const target = join(scratch, "pulled");
  const as = { home: scratch };
  await pushed(from, fixtureLayout, TAG, image, as);
  await pulled(to, image, target, TAG, as);
  const expected = verifiedLayout(fixtureLayout);
  assert.deepEqual(verifiedLayout(target, expected.digest), expected);
}

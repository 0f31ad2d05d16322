/**
 * `node tests/examples/run.mjs [node|deno|serve|rust]…`: the programs of `examples/`, as whoever copies them runs them, against a
 * real registry on loopback; those of JavaScript unless something else is asked.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startUpstream } from "../../scripts/lib/upstream.mjs";
import { conclude } from "../start/count.mjs";
import { Layout } from "../support/layout.mjs";
import { fixtureLayout } from "../support/registry.mjs";

const chosen = process.argv.length > 2 ? process.argv.slice(2) : ["node", "deno", "serve"];
const scratch = await mkdtemp(join(tmpdir(), "pierhead-examples-"));
const upstream = await startUpstream();
const image = await Layout.read(fixtureLayout);
try {
  for (const name of chosen) {
    const { examples } = await import(`./${name}.mjs`);
    await examples({ host: new URL(upstream.url).host, url: upstream.url, image, scratch });
  }
} finally {
  await upstream.close();
  await rm(scratch, { recursive: true, force: true });
}
conclude();

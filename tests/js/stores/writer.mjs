/**
 * A process that writes to a store in a folder, and says on stdout what has been acknowledged, a line of JSON each:
 * `node writer.mjs FOLDER raise KEY COUNT` raises a counter by compare-and-swap; `node writer.mjs FOLDER churn NAME SEED` creates, replaces and
 * deletes objects until it is killed.
 */
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import process from "node:process";
import { fs } from "pierhead/stores/fs";

const [folder = "", what = "", name = "", count = "1"] = process.argv.slice(2);
const store = fs(folder);
const encoder = new TextEncoder();

/** At once: what is still in a buffer of a process that is killed was never said. */
function say(line) {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

if (what === "raise") {
  for (let raised = 0; raised < Number(count); ) {
    const found = await store.get(name);
    const value = Number(await new Response(found.body).text());
    if (await store.put(name, encoder.encode(String(value + 1)), { ifVersion: found.info.version })) raised += 1;
  }
} else {
  let state = Number(count) + 1;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  for (let round = 0; ; round += 1) {
    const key = `${name}/${random(12)}`;
    const size = [0, 10, 5_000, 700_000][random(4)];
    const body = encoder.encode(`${round} `.padEnd(size, "."));
    const sha256 = createHash("sha256").update(body).digest("hex");
    const act = random(3);
    // What is begun is said too: of that, either may be found.
    say({ begun: act === 0 ? null : sha256, key });
    if (act === 0) await store.delete([key]);
    else if (act === 1) await store.put(key, body);
    else await store.put(key, new Blob([body]).stream(), { size: body.byteLength, sha256 });
    say({ done: act === 0 ? null : sha256, key });
  }
}

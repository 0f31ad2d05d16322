/**
 * The time that a page of 100 takes of a repository with 100,000 tags, anywhere in the list, against one with 200 (so that every page is
 * full): of the store in memory, of R2 as it is simulated, of two services of S3, and of a folder, whose page has a limit of its own. SeaweedFS
 * finds keys in a sorted index, as S3 does. MinIO reads all names of a folder for each page: how long a bare request for the page takes
 * is shown beside, signed and read to its end and nothing else. By its continuation tokens it would take three milliseconds, but it answers those
 * from a list that it has kept, without what was put since and with what was deleted.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { fs } from "pierhead/stores/fs";
import { memory } from "pierhead/stores/memory";
import { s3 } from "pierhead/stores/s3";
import { goTool } from "../scripts/lib/go-tools.mjs";
import { bundle } from "../tests/runtimes/bundle.mjs";
import { startS3 } from "../tests/support/s3-server.mjs";
import { median } from "./lib/measure.mjs";

const MANY = 100_000;
const FEW = 200;
const PAGES = 60;
const AT_ONCE = 64;

const prefixOf = (count) => `repositories/r${count}:tags/`;
const keyOf = (count, number) => `${prefixOf(count)}${String(number).padStart(6, "0")}`;

/** Services of S3: what of a page is theirs is shown, and of the one that has no index is all that may be asked for. */
const SERVICES = {
  seaweedfs: { name: "SeaweedFS (S3, a sorted index)" },
  minio: { name: "MinIO (S3, a file for each key)", judge: asBare, target: "as a bare request" },
};

export async function run() {
  const services = Object.entries(SERVICES).filter(([kind]) => existsSync(goTool(kind)));
  const rows = [await paged("memory", async () => ofStore(memory())), await paged("R2, simulated", ofR2)];
  for (const [kind, { name, ...judged }] of services) rows.push(await paged(name, () => ofService(kind), judged));
  const inTime = ({ many }) => many <= 20;
  rows.push(await paged("a folder", ofFolder, { judge: inTime, target: "≤ 20 ms" }));
  return rows;
}

function asFew({ few, many }) {
  return many <= 1.5 * few + 0.5;
}

function asBare({ many, bare }) {
  return many <= 1.5 * bare + 0.5;
}

/** Fills the store twice, then asks both lists for pages in turn, and the service bare for the same where there is one. */
async function paged(name, open, { judge = asFew, target = `as of ${FEW}` } = {}) {
  const { fill, page, bare, close = () => {} } = await open();
  try {
    const asked = { few: [FEW, page], many: [MANY, page], ...(bare && { bare: [MANY, bare] }) };
    const times = { few: [], many: [], bare: [] };
    for (const count of [FEW, MANY]) await fill(count);
    for (let round = 0; round <= PAGES; round++) {
      for (const [which, [count, ask]] of Object.entries(asked)) {
        const after = keyOf(count, Math.floor(((count - 101) * ((round * 37) % PAGES)) / PAGES));
        const begun = performance.now();
        await ask(prefixOf(count), after);
        // The first round warms up.
        if (round > 0) times[which].push(performance.now() - begun);
      }
    }
    const medians = Object.fromEntries(Object.entries(times).map(([which, each]) => [which, median(each)]));
    const shown = (which) => `${medians[which].toFixed(2)} ms`;
    const others = [`of ${FEW}: ${shown("few")}`, ...(bare ? [`a bare request: ${shown("bare")}`] : [])];
    return {
      what: `a page of 100 of ${MANY.toLocaleString("en")} keys, ${name}`,
      figure: `${shown("many")} (${others.join("; ")})`,
      target,
      met: judge(medians),
    };
  } finally {
    await close();
  }
}

function ofStore(store, close) {
  const one = new Uint8Array(1);
  return {
    close,
    async fill(count) {
      let next = 0;
      const work = async () => {
        while (next < count) await store.put(keyOf(count, next++), one);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
    async page(prefix, after) {
      const { objects } = await store.list(prefix, { after, limit: 100 });
      if (objects.length !== 100) throw new Error(`a page of ${objects.length}`);
    },
  };
}

async function ofService(kind) {
  const { place, list, close } = await startS3(kind);
  const bare = (prefix, after) => list({ prefix, "start-after": after, "max-keys": "100" });
  return { ...ofStore(s3(place), close), bare };
}

async function ofFolder() {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-store-page-"));
  // Only how it is written is another without `sync`, not what is there.
  return ofStore(fs(folder, { sync: false }), () => rmSync(folder, { recursive: true, force: true }));
}

async function ofR2() {
  const file = await bundle("workerd", new URL("store-page.worker.mjs", import.meta.url));
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: readFileSync(file, "utf8") }],
    r2Buckets: ["BUCKET"],
    compatibilityDate: "2025-01-01",
    cf: false,
  });
  const ask = async (order) => {
    const response = await worker.dispatchFetch("http://stores.test", { method: "POST", body: JSON.stringify(order) });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    close: () => worker.dispose(),
    async fill(count) {
      for (let at = 0; at < count; at += 500) {
        await ask({ prefix: prefixOf(count), fill: [at, Math.min(at + 500, count)] });
      }
    },
    page: (prefix, after) => ask({ prefix, after: [after] }),
  };
}

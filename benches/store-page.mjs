/**
 * The time that a page of 100 takes of a repository with 100,000 tags, anywhere in the list, against one with 200 (so that every page is
 * full): of the store in memory, of R2 as it is simulated, of MinIO, and of a folder, whose page has a limit of its own.
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

export async function run() {
  return [
    ...(await paged("memory", async () => ofStore(memory()))),
    ...(await paged("R2, simulated", ofR2)),
    ...(existsSync(goTool("minio")) ? await paged("MinIO", ofMinio) : []),
    ...(await paged("a folder", ofFolder, 20)),
  ];
}

/** Fills the store twice, then asks both lists for pages in turn. */
async function paged(name, open, limit) {
  const { fill, pages, close = () => {} } = await open();
  try {
    const times = new Map();
    for (const count of [FEW, MANY]) await fill(count);
    for (let round = 0; round <= PAGES; round++) {
      for (const count of [FEW, MANY]) {
        const after = keyOf(count, Math.floor(((count - 101) * ((round * 37) % PAGES)) / PAGES));
        const begun = performance.now();
        await pages(count, after);
        // The first round warms up.
        if (round > 0) times.set(count, [...(times.get(count) ?? []), performance.now() - begun]);
      }
    }
    const [few, many] = [median(times.get(FEW)), median(times.get(MANY))];
    const met = limit === undefined ? many <= 1.5 * few + 0.5 : many <= limit;
    return [
      {
        what: `a page of 100 of ${MANY.toLocaleString("en")} keys, ${name}`,
        figure: `${many.toFixed(2)} ms (of ${FEW}: ${few.toFixed(2)} ms)`,
        target: limit === undefined ? `as of ${FEW}` : `≤ ${limit} ms`,
        met,
      },
    ];
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
    async pages(count, after) {
      const { objects } = await store.list(prefixOf(count), { after, limit: 100 });
      if (objects.length !== 100) throw new Error(`a page of ${objects.length}`);
    },
  };
}

async function ofMinio() {
  const server = await startS3("minio");
  return ofStore(s3(server.place), server.close);
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
    pages: (count, after) => ask({ prefix: prefixOf(count), after: [after] }),
  };
}

/**
 * The time that a page of a list takes, at the end of the list against its beginning: 10,000 tags in pages of 100 and 1,000
 * referrers in pages of 10. The server is in this process, and what a page costs it does not depend on which it is. A page's
 * time is the time from one request to the next.
 */
import { Registry } from "pierhead/client";
import { startGeneratedRegistry } from "./lib/generated-registry.mjs";
import { median } from "./lib/measure.mjs";

const ROUNDS = 7;
const DIGEST = `sha256:${"0".repeat(64)}`;

export async function run() {
  return [
    await measured("10,000 tags in pages of 100", { tags: 10_000, page: 100 }, (registry) =>
      registry.repository("tags").tags.list({ n: 100 }),
    ),
    await measured("1,000 referrers in pages of 10", { referrers: 1_000, page: 10 }, (registry) =>
      registry.repository("referrers").referrers.list(DIGEST),
    ),
  ];
}

async function measured(what, lists, listed) {
  const server = await startGeneratedRegistry(lists);
  const total = lists.tags ?? lists.referrers;
  const begins = [];
  const ends = [];
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      server.arrivals.length = 0;
      let count = 0;
      for await (const _ of listed(new Registry(server.host, { plainHttp: true }))) count += 1;
      if (count !== total || server.arrivals.length !== total / lists.page) {
        throw new Error(`${count} of ${total} entries in ${server.arrivals.length} pages`);
      }
      // The first round warms up.
      if (round === 0) continue;
      const times = server.arrivals.slice(1).map((arrival, index) => arrival - server.arrivals[index]);
      const decile = Math.floor(times.length / 10);
      begins.push(median(times.slice(0, decile)));
      ends.push(median(times.slice(-decile)));
    }
  } finally {
    server.close();
  }
  const [first, last] = [median(begins), median(ends)];
  const ratio = last / first;
  return {
    what: `${what}: a page of the last tenth to one of the first`,
    figure: `${ratio.toFixed(2)}× (${last.toFixed(2)} ms)`,
    target: "≤ 1.2×",
    met: ratio <= 1.2,
  };
}

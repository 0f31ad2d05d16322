/**
 * Serves a registry whose images are kept in a folder, and its counters at /metrics:
 *
 *   bun examples/bun/serve.ts FOLDER [PORT]
 */
import { createFront, createMetrics } from "pierhead/front";
import { fs } from "pierhead/stores/fs";

const [folder, port = "5000"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: serve.ts FOLDER [PORT]");
  process.exit(2);
}

const metrics = createMetrics();
const front = createFront({
  store: fs(folder),
  // What is for this machine alone is not for every page that its user looks at.
  cors: false,
  onEvent: (event) => metrics.observe(event),
});
/** What it may be asked for by: a web page can have a name of its own lead here, once it was loaded, and would read as a page of this registry. */
const NAMES = ["127.0.0.1", "localhost"];

const HOUR = 3_600_000;
/** Rids the store of what nobody needs. A run may take several visits, and go on when this is started again. */
async function collect(): Promise<void> {
  const report = await front.collect({ interval: HOUR / 2 });
  metrics.observeCollection(report);
  if (!report.done && !report.busy && !report.early) await collect();
}
const collecting = setInterval(() => collect().catch(console.error), HOUR);

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  // In bytes, of a request: a layer may be as large as it likes, and is never held whole.
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  // In seconds: the front has limits of its own.
  idleTimeout: 0,
  fetch(request) {
    const { hostname, pathname } = new URL(request.url);
    if (!NAMES.includes(hostname)) return new Response(null, { status: 403 });
    if (pathname === "/metrics") return new Response(metrics.text());
    return front(request);
  },
});
console.log(`Listening on ${server.url}`);

// What runs may end.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    clearInterval(collecting);
    server.stop();
  });
}

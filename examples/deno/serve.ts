/**
 * Serves a registry whose images are kept in a folder, and its counters at /metrics:
 *
 *   deno run --allow-net --allow-read --allow-write --allow-env --allow-sys examples/deno/serve.ts FOLDER [PORT]
 */
import { createFront, createMetrics } from "pierhead/front";
import { fs } from "pierhead/stores/fs";

const [folder, port = "5000"] = Deno.args;
if (folder === undefined) {
  console.error("usage: serve.ts FOLDER [PORT]");
  Deno.exit(2);
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

const server = Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, (request) => {
  const { hostname, pathname } = new URL(request.url);
  if (!NAMES.includes(hostname)) return new Response(null, { status: 403 });
  if (pathname === "/metrics") return new Response(metrics.text());
  return front(request);
});

// What runs may end.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    clearInterval(collecting);
    server.shutdown();
  });
}

/**
 * `npm run bench [-- NAME…]`: measures everything, or the benches of these names, and prints one table. It judges nobody:
 * the status is 0 unless something could not be measured.
 */

const BENCHES = [
  "sizes",
  "validate",
  "wasm-hash",
  "host-hash",
  "verified-stream",
  "memory",
  "start-up",
  "copy",
  "push",
  "client-memory",
  "paging",
  "store-page",
  "front-requests",
  "front-blob",
  "front-memory",
  "front-close",
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no such bench: ${unknown.join(", ")}; there are ${BENCHES.join(", ")}\n`);
  process.exit(2);
}

print("what", "figure", "target", "met");
print("---", "---", "---", "---");
for (const name of wanted.length > 0 ? wanted : BENCHES) {
  try {
    const { run } = await import(`./${name}.mjs`);
    for (const { what, figure, target, met } of await run()) print(what, figure, target, met ? "yes" : "NO");
  } catch (error) {
    print(name, `not measured: ${error.message.split("\n")[0]}`, "", "");
    process.exitCode = 1;
  }
}

function print(...cells) {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/**
 * `node tests/processes/run.mjs [--seed=TEXT] [NAME…]`: registries in several processes over one store, and registries that are killed. What clients were
 * told is held against what is there. `PIERHEAD_SECONDS` says how long each goes on, 20 by default; the same seed makes the same choices.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { goTool } from "../../scripts/lib/go-tools.mjs";
import { fail, say } from "../../scripts/lib/project.mjs";
import { check, conclude } from "../start/count.mjs";
import { startS3 } from "../support/s3-server.mjs";
import { Kills } from "./kills.mjs";
import { startCommand, startFront } from "./lib/processes.mjs";
import { race } from "./races.mjs";

const seed =
  process.argv.flatMap((argument) => /^--seed=(.+)$/.exec(argument)?.[1] ?? [])[0] ?? randomBytes(4).toString("hex");
const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const seconds = Number(process.env.PIERHEAD_SECONDS ?? 20);
if (!(seconds > 0)) fail("pierhead: PIERHEAD_SECONDS has to be a number of seconds");

const scratch = mkdtempSync(join(tmpdir(), "pierhead-processes-"));
const folderOf = (name) => join(scratch, name);
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** Kills for each second that a case is to go on. */
const KILLS = 0.8;
/** Seconds in which a store without conditions is found out. */
const FOUND_OUT = 60;

const cases = {
  folder: () => raced("two processes on one folder lose nothing", () => startCommand(folderOf("folder"))),
  bucket: async () => {
    const server = await startS3("minio");
    try {
      await raced("two processes on one bucket lose nothing", () => startFront({ place: server.place }));
    } finally {
      await server.close();
    }
  },
  kills: killed,
  ...Object.fromEntries(["ifVersion", "ifAbsent"].map((condition) => [condition, () => foundOut(condition)])),
};

if (!existsSync(goTool("minio"))) {
  const hint = "MinIO is not built: node scripts/install-go-tools.mjs minio";
  if (process.env.CI === "true") fail(`pierhead: ${hint}`);
  say(`- ${hint}`);
  delete cases.bucket;
}
say(`seed ${seed}`);
for (const [name, run] of Object.entries(cases)) if (names.length === 0 || names.includes(name)) await run();
conclude();

/** Two processes that keep what they were told. */
function raced(what, start) {
  return check(what, async () => {
    const { problems, failures, summary } = await ofTwo(start, { seed, seconds });
    say(`  ${summary}`);
    if (problems.length + failures.length > 0) throw new Error([...problems, ...failures].join("\n"));
  });
}

/** That these tests can fail: of two processes that do not heed conditions it is told that they lose something. */
function foundOut(condition) {
  return check(`two processes on a store that does not heed ${condition} are found out`, async () => {
    const folder = folderOf(condition);
    const { problems } = await ofTwo(() => startFront({ folder, heedless: condition }), { seed, seconds: FOUND_OUT });
    if (problems.length === 0) throw new Error("nothing was found");
    say(`  found: ${problems[0].split("\n", 1)[0]}`);
  });
}

/** Kills, then a collection of all that nobody needs, and then losses that have to be seen. */
async function killed() {
  const kills = new Kills(folderOf("killed"), seed);
  try {
    await check("processes that are killed have kept what was acknowledged", async () => {
      await kills.run(Math.ceil(seconds * KILLS));
      say(`  ${kills.summary}`);
      if (kills.problems.length > 0) throw new Error(kills.problems.join("\n"));
    });
    await check("a collection leaves that, and nothing that nothing names", async () => {
      const left = await kills.collect();
      if (left.length + kills.problems.length > 0) throw new Error([...kills.problems, ...left].join("\n"));
    });
    await check("what is lost of any kind is found out", async () => {
      const unseen = await kills.lose();
      if (unseen.length > 0) throw new Error(`nobody sees that this is gone:\n${unseen.join("\n")}`);
    });
  } finally {
    await kills.close();
  }
}

async function ofTwo(start, how) {
  const processes = [];
  try {
    processes.push(await start(), await start());
    return await race({ processes, ...how });
  } finally {
    for (const one of processes) await one.close();
  }
}

/**
 * `node tests/peers/run.mjs [KIND…]`: the client and the command line against registries and tools that others wrote,
 * on loopback; or with `--hosts`, these tools and they against Pierhead's own registry. Registries and tools that are not installed are left out
 * with a word.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "../../scripts/lib/project.mjs";
import { check, conclude } from "../start/count.mjs";
import { hosts, kinds, startHost, startPeer } from "../support/registries.mjs";
import { authCases } from "./cases/auth.mjs";
import { clientCases } from "./cases/clients.mjs";
import { copyCases } from "./cases/copy.mjs";
import { interopCases } from "./cases/interop.mjs";
import { listCases } from "./cases/lists.mjs";
import { hasPodman } from "./cases/podman.mjs";
import { pullCases } from "./cases/pull.mjs";
import { pushCases } from "./cases/push.mjs";
import { referrerCases } from "./cases/referrers.mjs";
import { isThere, tools } from "./lib/tools.mjs";

/**
 * What a case is given.
 *
 * @typedef {object} Context
 * @property {import("../support/registries.mjs").Started} registry
 * @property {import("../support/registries.mjs").Kind} can What the registry can do.
 * @property {string} scratch A folder of the case's own.
 * @property {string} name A part of repositories' names that no other case uses.
 *
 * @typedef {{name: string, where?: (can: import("../support/registries.mjs").Kind) => boolean, run(context: Context): Promise<void>}} Case
 */

/** Against a registry that anybody may use; it is started once for all of them. @type {Case[]} */
const openCases = [...pushCases, ...pullCases, ...listCases, ...referrerCases, ...copyCases, ...interopCases];

let count = 0;
const isOwn = process.argv.includes("--hosts");
const wanted = process.argv.slice(2).filter((argument) => argument !== "--hosts");
for (const [kind, can] of Object.entries(isOwn ? hosts : kinds)) {
  if (wanted.length > 0 && !wanted.includes(kind)) continue;
  if (isThere(can.command)) await casesOf(kind, can);
  else say(`- ${can.what} is not installed: left out (node scripts/install-go-tools.mjs)`);
}
for (const [name, { program }] of Object.entries(tools)) {
  if (!isThere(program)) say(`- ${name} is not installed: left out (node scripts/install-go-tools.mjs)`);
}
if (isOwn && !hasPodman) say("- podman is not installed, or this is not root: left out (apt-get install podman)");
conclude();

async function casesOf(kind, can) {
  const registry = await (isOwn ? startHost(kind) : startPeer(kind));
  try {
    for (const one of isOwn ? [...openCases, ...clientCases] : openCases) await performed(one, { registry, can });
  } finally {
    await registry.close();
  }
  for (const one of authCases) {
    for (const auth of one.auth.filter(({ how }) => can.auth.includes(how))) {
      const guarded = await startPeer(kind, { auth: auth.how, ...auth.options });
      try {
        await performed({ ...one, name: `${one.name} (${auth.what})` }, { registry: guarded, can });
      } finally {
        await guarded.close();
      }
    }
  }
}

async function performed({ name, where, run }, context) {
  if (where !== undefined && !where(context.can)) return;
  const scratch = mkdtempSync(join(tmpdir(), "pierhead-peers-"));
  count += 1;
  try {
    await check(`${context.registry.kind}: ${name}`, () => run({ ...context, scratch, name: `case${count}` }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Several processes that serve one store, and clients that change the same things through all of them. */
import { setTimeout as wait } from "node:timers/promises";
import { contentsOf } from "./lib/contents.mjs";
import { History } from "./lib/history.mjs";
import { act, look, prepare } from "./lib/load.mjs";
import { Pusher, Tally } from "./lib/pusher.mjs";
import { Choices } from "./lib/random.mjs";

/** Clients at once. */
const CLIENTS = 6;
/** Milliseconds that they go on for, until everything is looked at. */
const BURST = 2_000;

/**
 * @param {object} how
 * @param {{url: string}[]} how.processes
 * @param {string} how.seed
 * @param {number} how.seconds
 * @returns {Promise<{problems: string[], failures: string[], summary: string}>} What cannot be; what failed, though nobody had done anything to it.
 */
export async function race({ processes, seed, seconds }) {
  const [history, tally, contents, made] = [new History(), new Tally(), contentsOf("races"), []];
  const worldOf = (name, urls) => {
    const choices = new Choices(`${seed} ${name}`);
    const pusher = new Pusher({ urlOf: () => choices.of(urls), history, tally });
    return { pusher, choices, contents, made, tally };
  };
  const urls = processes.map(({ url }) => url);
  const clients = Array.from({ length: CLIENTS }, (_, at) => worldOf(`client ${at}`, urls));
  await prepare(clients[0]);
  const end = performance.now() + seconds * 1_000;
  let bursts = 0;
  while (performance.now() < end && tally.problems.length === 0) {
    const rest = performance.now() + BURST;
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() < rest) await act(client);
      }),
    );
    await wait(0);
    for (const url of urls) await look(worldOf(`look ${bursts} ${url}`, [url]));
    tally.problems.push(...history.judge());
    bursts += 1;
  }
  const failures = [...tally.failed, ...(tally.unanswered > 0 ? [`${tally.unanswered} answers never came`] : [])];
  const summary = `${history.count} operations, ${bursts} bursts, ${made.length} contended uploads, ${tally.busy} times busy`;
  return { problems: tally.problems, failures, summary };
}

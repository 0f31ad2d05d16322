/** The suite that runs in every runtime, over the package as it is published. */
import * as main from "pierhead";
import * as client from "pierhead/client";
import * as layout from "pierhead/layout";
import { type Case, type Facts, type Result, runCase } from "./case.ts";
import { cases as artifacts } from "./cases/artifacts.ts";
import { cases as pulls } from "./cases/client.ts";
import { cases as copies } from "./cases/copy.ts";
import { cases as embedded } from "./cases/embedded.ts";
import { cases as errors } from "./cases/errors.ts";
import { cases as graph } from "./cases/graph.ts";
import { cases as layouts } from "./cases/layouts.ts";
import { cases as manifests } from "./cases/manifests.ts";
import { cases as manners } from "./cases/manners.ts";
import { cases as platforms } from "./cases/platforms.ts";
import { cases as pull } from "./cases/pull.ts";
import { cases as push } from "./cases/push.ts";
import { cases as referrers } from "./cases/referrers.ts";
import { cases as stores } from "./cases/stores.ts";
import { cases as streams } from "./cases/streams.ts";
import { cases as tags } from "./cases/tags.ts";
import { cases as vocabulary } from "./cases/vocabulary.ts";

const groups: Record<string, readonly Case[]> = {
  vocabulary,
  artifacts,
  platforms,
  graph,
  errors,
  streams,
  client: pulls,
  manners,
  pull,
  push,
  manifests,
  tags,
  referrers,
  layouts,
  copy: copies,
  stores,
  embedded,
};

/** Every case, its name preceded by its group's. */
export const cases: Case[] = Object.entries(groups).flatMap(([group, members]) =>
  members.map(({ name, run }) => ({ name: `${group}: ${name}`, run })),
);

/** Runs the case of this name; undefined when there is none. */
export async function runNamed(name: string, facts: Facts): Promise<Result | undefined> {
  const one = cases.find((candidate) => candidate.name === name);
  return one && (await runCase(one, { ...facts, pierhead: { ...main, ...client, ...layout } }));
}

/** Runs all cases, one after the other. */
export async function runAll(facts: Facts): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name } of cases) {
    const result = await runNamed(name, facts);
    if (result !== undefined) results.push(result);
  }
  return results;
}

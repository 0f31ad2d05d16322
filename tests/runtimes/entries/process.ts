/** The suite in a runtime that has a command line (Deno, Bun): facts are the argument, a line of JSON the answer. */
import process from "node:process";
import type { Facts } from "../case.ts";
import { runAll } from "../suite.ts";

const facts = JSON.parse(process.argv[2] ?? "null") as Facts;
for (const result of await runAll(facts)) console.log(JSON.stringify(result));
// A case may leave a connection open on purpose; the process ends all the same.
process.exit(0);

/** Runs the cases over a module with traps laid in it. */
import { init } from "pierhead/slim";
import { type Context, type Result, runCase } from "../runtimes/case.ts";
import { cases } from "./cases.ts";

export async function run(module: WebAssembly.Module): Promise<Result[]> {
  init(module);
  const results: Result[] = [];
  // The cases bring their own package, and talk to nobody.
  for (const one of cases) results.push(await runCase(one, {} as Context));
  return results;
}

/**
 * Loaded before a program (`node --import`): its clock is ahead of the machine's by `PIERHEAD_CLOCK_AHEAD` milliseconds, and so are the times of its
 * files, since a writer that lives would else look like one that has been gone for days.
 */
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";

const ahead = Number(process.env.PIERHEAD_CLOCK_AHEAD ?? 0);
const { now } = Date;
Date.now = () => now() + ahead;

for (const name of ["stat", "lstat"]) {
  const asked = promises[name];
  promises[name] = async (...args) => {
    const found = await asked(...args);
    found.mtimeMs += ahead;
    return found;
  };
}
syncBuiltinESMExports();
